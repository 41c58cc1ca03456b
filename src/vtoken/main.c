/* bsre-vtoken: options, the state opened or made, the sockets, and then the token's loop. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/log.h"
#include "token.h"

static const char usage[] =
	"usage: bsre-vtoken --state FILE [--vpcd PORT] [--listen SOCKET] [--control SOCKET]\n"
	"         [--timing none|A|B|C|D] [--seed N] [--model plain|yubico] [--atr t1|t0|HEX]\n"
	"         [--serial N] [--new-serial] [--big-rsa] [--no-extended] [--record FILE]\n"
	"       bsre-vtoken --replay FILE [--vpcd PORT] [--listen SOCKET] [--control SOCKET] ...\n"
	"       bsre-vtoken ctl SOCKET COMMAND...\n";

struct options {
	const char *state, *listen, *control, *timing, *atr, *record, *replay;
	unsigned long vpcd, serial, seed;
	enum model model;
	bool new_serial, big_rsa, no_extended;
};

enum { OPT_STATE = 1, OPT_VPCD, OPT_LISTEN, OPT_CONTROL, OPT_TIMING, OPT_SEED, OPT_MODEL, OPT_ATR,
	OPT_SERIAL, OPT_NEW_SERIAL, OPT_BIG_RSA, OPT_NO_EXTENDED, OPT_RECORD, OPT_REPLAY, OPT_HELP, OPT_VERSION };

static const struct option longs[] = {
	{ "state",       required_argument, NULL, OPT_STATE },
	{ "vpcd",        required_argument, NULL, OPT_VPCD },
	{ "listen",      required_argument, NULL, OPT_LISTEN },
	{ "control",     required_argument, NULL, OPT_CONTROL },
	{ "timing",      required_argument, NULL, OPT_TIMING },
	{ "seed",        required_argument, NULL, OPT_SEED },
	{ "model",       required_argument, NULL, OPT_MODEL },
	{ "atr",         required_argument, NULL, OPT_ATR },
	{ "serial",      required_argument, NULL, OPT_SERIAL },
	{ "new-serial",  no_argument,       NULL, OPT_NEW_SERIAL },
	{ "big-rsa",     no_argument,       NULL, OPT_BIG_RSA },
	{ "no-extended", no_argument,       NULL, OPT_NO_EXTENDED },
	{ "record",      required_argument, NULL, OPT_RECORD },
	{ "replay",      required_argument, NULL, OPT_REPLAY },
	{ "help",        no_argument,       NULL, OPT_HELP },
	{ "version",     no_argument,       NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

static void __attribute__((noreturn)) complain(const char *what, const char *why)
{
	fprintf(stderr, "bsre-vtoken: %s: %s\n", what, why);
	exit(1);
}

static void __attribute__((noreturn)) misused(void)
{
	fputs(usage, stderr);
	exit(64);
}

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v < least || v > most)
		misused();
	return v;
}

static enum model model(const char *name)
{
	if (span_eq(span_str(name), span_str("plain")))
		return MODEL_PLAIN;
	if (!span_eq(span_str(name), span_str("yubico")))
		misused();
	return MODEL_YUBICO;
}

static void option(struct options *o, int which)
{
	switch (which) {
	case OPT_STATE:       o->state = optarg; break;
	case OPT_VPCD:        o->vpcd = number(optarg, 1, 65535); break;
	case OPT_LISTEN:      o->listen = optarg; break;
	case OPT_CONTROL:     o->control = optarg; break;
	case OPT_TIMING:      o->timing = optarg; break;
	case OPT_SEED:        o->seed = number(optarg, 0, ~0ul); break;
	case OPT_MODEL:       o->model = model(optarg); break;
	case OPT_ATR:         o->atr = optarg; break;
	case OPT_SERIAL:      o->serial = number(optarg, 1, UINT32_MAX); break;
	case OPT_NEW_SERIAL:  o->new_serial = true; break;
	case OPT_BIG_RSA:     o->big_rsa = true; break;
	case OPT_NO_EXTENDED: o->no_extended = true; break;
	case OPT_RECORD:      o->record = optarg; break;
	case OPT_REPLAY:      o->replay = optarg; break;
	case OPT_HELP:        fputs(usage, stdout); exit(0);
	case OPT_VERSION:     puts("bsre-vtoken " PACKAGE_VERSION); exit(0);
	default:              misused();
	}
}

static struct options options(int argc, char **argv)
{
	struct options o = { .timing = "none", .model = MODEL_YUBICO, .seed = 1 };
	int which;

	while ((which = getopt_long(argc, argv, "", longs, NULL)) != -1)
		option(&o, which);
	if (optind != argc || !o.state == !o.replay || (!o.vpcd && !o.listen))
		misused();
	return o;
}

static void open_state(struct state *s, const struct options *o)
{
	const char *why = "it cannot be used";
	err e = state_open(s, o->state, &why);
	bool renumber = o->serial && s->serial != o->serial;

	if (e.code == E_NOT_FOUND) {
		if (!ok(state_blank(s, (uint32_t)o->serial)))
			complain(o->state, "a blank token could not be made");
		if (!ok(state_create(s, o->state, &why)))
			complain(o->state, why);
		return;
	}
	if (!ok(e))
		complain(o->state, why);
	if (!renumber && !o->new_serial)
		return;
	s->serial = o->serial ? (uint32_t)o->serial : state_random_serial();
	if (!ok(state_commit(s)))
		complain(o->state, "it cannot be written");
}

/* A transcript instead of a card. Its ATR counts unless another was asked for. */
static void open_replay(struct token *t, const struct options *o)
{
	unsigned line = 0;
	char why[64];
	err e = replay_open(&t->replay, o->replay, &line);

	if (e.code == E_DATA_INVALID) {
		snprintf(why, sizeof why, "line %u is not a transcript's", line);
		complain(o->replay, why);
	}
	if (!ok(e))
		complain(o->replay, "it cannot be read");
	if (o->atr || !t->replay.atr.n)
		return;
	struct buf b = BUF(t->atr);
	buf_put(&b, t->replay.atr);
	t->atr_n = b.n;
}

static int listen_at(const char *path)
{
	int fd = path ? unix_listen(path) : -1;

	if (path && fd < 0)
		complain(path, strerror(errno));
	return fd;
}

/* What the options say the token is; nothing is opened yet. */
static void furnish(struct token *t, struct state *state, const struct options *o)
{
	card_init(&t->card, state, o->model);
	t->card.big_rsa = o->big_rsa;
	t->card.no_extended = o->no_extended;
	t->state = state;
	t->plugged = true;
	t->vpcd_port = (uint16_t)o->vpcd;
	for (size_t i = 0; i < CONTROLS; i++)
		t->controls[i].fd = -1;
	if (!timing_set(&t->timing, o->timing, o->seed) || !token_atr(t, o->atr ? o->atr : "t1"))
		misused();
}

int main(int argc, char **argv)
{
	static struct token t;

	log_name("vtoken");
	if (argc > 1 && span_eq(span_str(argv[1]), span_str("ctl")))
		return ctl_main(argc - 2, argv + 2);
	struct options o = options(argc, argv);
	struct state *state = calloc(1, sizeof *state);
	if (!state)
		complain("memory", strerror(ENOMEM));
	furnish(&t, state, &o);
	if (o.replay)
		open_replay(&t, &o);
	else
		open_state(state, &o);
	t.listen_fd = listen_at(o.listen);
	t.control_fd = listen_at(o.control);
	if (o.record && !ok(record_to(&t.record, o.record, (struct span){ t.atr, t.atr_n })))
		complain(o.record, "it cannot be made, or is there already");
	log_line(LOG_NOTICE, "ready serial=%u state=%s", (unsigned)state->serial,
		o.state ? o.state : o.replay);
	token_run(&t);
	if (o.listen)
		(void)unlink(o.listen);
	if (o.control)
		(void)unlink(o.control);
	state_close(t.state);
	free(t.state);
	return 0;
}
