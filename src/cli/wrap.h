/* Sentences for a terminal: broken between words. */
#ifndef BSRE_CLI_WRAP_H
#define BSRE_CLI_WRAP_H
#include <stdio.h>

/* Writes text to f, with line breaks between words so that no line is wider than `width` characters; a
 * word that is wider stands alone. Where the text breaks its lines itself they stay. 0: as it is. */
void wrap(FILE *f, const char *text, size_t width);

/* The width of the terminal that f is; 0 where it is none or does not say. */
size_t wrap_width(FILE *f);
#endif
