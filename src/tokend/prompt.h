/* What a prompt says to a person: the sentences of its dialog, in the language of the program that asks. */
#ifndef BSRE_TOKEND_PROMPT_H
#define BSRE_TOKEND_PROMPT_H
#include "lib/text.h"
#include "wire/prompts.h"

enum { PROMPT_TEXT_MAX = 1000 };	/* bytes of one line of Assuan */

/* Who asks, what for, with which key, on which token, how many tries are left. Text of cards and programs
 * is cleaned of what moves or hides, and cut so that all of it fits one line of Assuan. */
void prompt_text(const struct PromptAsk_in *ask, char *out, size_t size);

/* What is said before the last try; and the word that it wants. */
void prompt_last(const struct PromptAsk_in *ask, char *out, size_t size);
const char *prompt_word(void);
void prompt_not_the_word(char *out, size_t size);

/* What was wrong with the PIN before; "" where there was none. */
const char *prompt_error(const struct PromptAsk_in *ask);

const char *prompt_title(void), *prompt_ok(void), *prompt_cancel(void), *prompt_field(void), *prompt_word_field(void);
#endif
