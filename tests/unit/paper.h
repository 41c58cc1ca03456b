/* A worker with a card on paper: a test writes the dialogue it expects, then gives jobs. */
#ifndef BSRE_TESTS_PAPER_H
#define BSRE_TESTS_PAPER_H
#include "unit.h"
#include "tokend/reader-replay.h"
#include "tokend/worker.h"

/* What stands in a dialogue again and again: YubiKey 5.4.3, serial number 1234, our label "Budi". */
#define SELECT  "> 00A4040009A00000030800001000 00\n< 610F 4F06000010000100 79054F03A00000 9000\n"
#define SERIAL  "> 00F8000000\n< 000004D2 9000\n"
#define LABEL   "> 00CB3FFF00 0005 5C035FFF42 0000\n" LABEL_IS
#define LABEL_IS "< 5314 800101 810442756469 820100 8303050403 84010A 9000\n"
#define ASK(sw) "> 00200080\n< " sw "\n"
#define VERIFY(sw) "> 0020008008 ****************\n< " sw "\n"
#define FORGET  "> 0020FF80\n< 9000\n"

/* Starts afresh, with an empty dialogue; a YubiKey's ATR, or one of a card without extended lengths. */
void paper_begin(void);
void paper_begin_as(bool extended);

/* Adds to the dialogue. */
void paper(const char *text);
void paper_hex(struct span bytes);		/* in the line that was begun */

/* How many commands were sent since the last time this was asked. */
unsigned paper_count(void);

/* Every line was played, and nothing else. */
void paper_end(void);

extern struct worker worker;

/* One job. `in` and `out` are the structs of its row; the err is what do_X gives. */
#define JOB_DO(x, ...) do_##x(&worker, job_ready(&(struct x##_in){ __VA_ARGS__ }), &x##_reply)
void *job_ready(void *in);
#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(id, x) extern struct x##_out x##_reply;
#include "wire/jobs.def"
#undef JOB
#undef IN
#undef OUT
#undef END

#define SECRET_OF(text) (struct secret){ sizeof(text) - 1, text }
#define assert_err(e, name) assert_string_equal(err_name(e), #name)
#endif
