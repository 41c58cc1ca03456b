/* The worker's loop, and the table that turns a frame into a call of do_X. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "children.h"
#include "confine.h"
#include "module.h"
#include "worker.h"

/* --- the table of jobs ----------------------------------------------------------------------- */
struct job {
	uint16_t    id;
	const char *name;
	bool        hot_out;
	err       (*run)(struct worker *, struct cur *, struct buf *);
};

/* May the job be done once more where the card was reset by others in its midst? Not where a PIN or
 * PUK may already have changed or a try may already be spent. */
static bool again(uint16_t id)
{
	return id == CardList_ID || id == CardCert_ID || id == CardUse_ID || id == CardDataRead_ID ||
		id == CardAttest_ID;
}

#define IN(type, name)
#define OUT(type, name)
#define END
#define JOB(id, x) \
static void x##_drop(struct x##_in *in) { if (x##_HOT_IN) wipe(in, sizeof *in); } \
static err one_##x(struct worker *w, struct cur *c, struct buf *reply) \
{ \
	struct x##_in in __attribute__((cleanup(x##_drop))); \
	struct x##_out out = { .call_id = x##_ID }; \
	x##_get_in(c, &in); \
	if (!cur_done(c)) \
		return FAIL(BAD_FRAME); \
	TRY(do_##x(w, &in, &out)); \
	x##_put_out(reply, &out); \
	return OK; \
}
#include "wire/jobs.def"
#undef JOB
#define JOB(id, x) { id, #x, x##_HOT_OUT, one_##x },
static const struct job jobs[] = {
#include "wire/jobs.def"
};
#undef JOB
#undef IN
#undef OUT
#undef END
enum { JOBS = sizeof jobs / sizeof jobs[0] };

static const struct job *job_find(uint16_t id)
{
	for (size_t i = 0; i < JOBS; i++)
		if (jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

/* --- one frame ------------------------------------------------------------------------------- */
static bool lost(struct worker *w)
{
	struct reader *r = w->card.reader;

	if (!r || !r->lost)
		return false;
	r->lost = false;
	hold_lost(&w->token);
	return true;
}

/* Did the card answer as one on which another application is selected, or none? It was reset without
 * the reader's knowledge. */
static bool unselected(struct worker *w, err e)
{
	if (!w->token.held || (e.sw != 0x6D00 && e.sw != 0x6E00))
		return false;
	if (!ok(w->card.reader->end(w->card.reader, END_LEAVE)))
		return false;
	hold_lost(&w->token);
	return true;
}

static err run_once(struct worker *w, const struct job *job, struct span body, struct buf *reply)
{
	struct cur c = cur_of(body);

	w->token.store = (struct buf)BUF(w->store);
	return job->run(w, &c, reply);
}

static err run(struct worker *w, const struct job *job, struct span body, struct buf *reply)
{
	size_t begin = reply->n;
	bool held = w->token.held;
	err e = run_once(w, job, body, reply);

	if (!ok(e) && (lost(w) || (held && unselected(w, e))) && again(job->id)) {
		reply->n = begin;
		e = run_once(w, job, body, reply);
	}
	if (job->hot_out)
		wipe(w->store, w->token.store.n);
	card_wipe(&w->card);
	return e;
}

err worker_serve(struct worker *w, struct span request, struct buf *reply)
{
	struct frame f;

	TRY(frame_open(request, &f));
	const struct job *job = job_find(f.what);
	if (!job)
		return FAIL(BAD_FRAME);
	uint32_t before = w->card.count;
	size_t begin = frame_begin(reply, f.id, E_OK, 0);
	err e = run(w, job, f.body, reply);
	if (ok(e) && reply->bad)
		e = FAIL(BAD_REPLY);		/* more than a frame holds */
	if (!ok(e)) {
		*reply = (struct buf){ reply->p, begin, reply->cap, false };
		begin = frame_begin(reply, f.id, e.code, e.sw);
	}
	frame_end(reply, begin);
	log_line(LOG_TRACE, "%s: %s, %u APDUs", job->name, log_err(e), w->card.count - before);
	return e.code == E_BAD_FRAME ? e : OK;
}

/* --- the loop -------------------------------------------------------------------------------- */
/* Reads n bytes; false at end of file. */
static bool read_all(int fd, struct buf *b, size_t n)
{
	while (n) {
		ssize_t got = read(fd, b->p + b->n, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		buf_grow(b, (size_t)got);
		n -= (size_t)got;
	}
	return true;
}

static bool write_all(int fd, struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		ssize_t n = write(fd, c.p, cur_left(&c));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		cur_take(&c, (size_t)n);
	}
	return true;
}

/* The next whole frame. False at end of file; *status says whether there was more to it. */
static bool next_frame(int fd, struct buf *in, int *status)
{
	*status = WORKER_EXIT_DONE;
	if (!read_all(fd, in, 4))
		return false;
	size_t n = frame_size(buf_span(in));
	if (n < FRAME_HEAD || n > FRAME_MAX) {
		*status = WORKER_EXIT_FRAME;
		return false;
	}
	return read_all(fd, in, n - 4);
}

/* What is sent instead of a reply where the reader gives up and the process ends. */
static struct { int fd; uint8_t frame[FRAME_HEAD]; } last_word;

static void say_busy(void)
{
	if (write(last_word.fd, last_word.frame, sizeof last_word.frame) < 0)
		return;				/* the broker sees the end instead */
}

static void prepare_last_word(int fd, struct span request)
{
	struct buf b = BUF(last_word.frame);
	struct frame f;

	last_word.fd = fd;
	if (ok(frame_open(request, &f)))
		frame_end(&b, frame_begin(&b, f.id, E_TOKEN_BUSY, 0));
}

static int serve_all(int fd, struct worker *w)
{
	static uint8_t in_room[FRAME_MAX], out_room[FRAME_MAX];
	int status;

	for (;;) {
		struct buf in = BUF(in_room), out = BUF(out_room);
		if (!next_frame(fd, &in, &status))
			return status;
		prepare_last_word(fd, buf_span(&in));
		err e = worker_serve(w, buf_span(&in), &out);
		wipe(in_room, in.n);
		bool sent = ok(e) && write_all(fd, buf_span(&out));
		wipe(out_room, out.n);
		if (!ok(e))
			return WORKER_EXIT_FRAME;
		if (!sent)
			return WORKER_EXIT_DONE;
	}
}

int worker_main(int fd, int argc, char **argv)
{
	static struct worker w;
	static struct module module;
	int wait = argc >= 1 ? atoi(argv[0]) : 0;

	secret_harden();
	log_name("worker");
	w.open = reader_open;
	reader_gives_up = say_busy;
	if (wait > 0)
		reader_patience = (unsigned)wait;
	if (argc > 1) {
		if (!module_start(&module, argc - 1, argv + 1))
			return 64;		/* EX_USAGE */
		cryptoki_use(&module);
		w.open = cryptoki_open;
	} else {
		confine(CONFINED_WORKER);
	}
	int status = serve_all(fd, &w);
	worker_close_card(&w);
	return status;
}
