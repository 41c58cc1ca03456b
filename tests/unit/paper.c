/* A worker with a card on paper. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "paper.h"

static char text[1 << 18];
static size_t text_n;
static struct reader *reader;
static unsigned counted;

struct worker worker;

#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(id, x) struct x##_out x##_reply;
#include "wire/jobs.def"
#undef JOB

static err open_paper(struct span name, struct reader **out)
{
	(void)name;
	*out = reader;
	return reader ? OK : FAIL(NO_TOKEN);
}

void paper_begin(void)
{
	paper_begin_as(true);
}

void paper_begin_as(bool extended)
{
	static const char plain[] = "atr 3B80800101\n";

	hold_lost(&worker.token);		/* what a failed test left open is not closed on paper */
	worker_close_card(&worker);
	free(reader);
	memset(&worker, 0, sizeof worker);
	worker.open = open_paper;
	text_n = extended ? 0 : strlen(plain);
	memcpy(text, extended ? "" : plain, text_n + 1);
	counted = 0;
	reader = reader_replay(text);
	assert_non_null(reader);
}

void paper(const char *more)
{
	size_t n = strlen(more);

	assert_true(text_n + n < sizeof text);
	memcpy(text + text_n, more, n + 1);
	text_n += n;
	reader_replay_grown(reader, n);
}

void paper_hex(struct span bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		char two[3];
		snprintf(two, sizeof two, "%02X", bytes.p[i]);
		paper(two);
	}
}

unsigned paper_count(void)
{
	unsigned n = worker.card.count - counted;

	counted = worker.card.count;
	return n;
}

void paper_end(void)
{
	unsigned line = 0;

	if (!reader_replay_done(reader, &line))
		fail_msg("line %u of the dialogue was not played", line);
}

void *job_ready(void *in)
{
	worker.token.store = (struct buf)BUF(worker.store);
	return in;
}
