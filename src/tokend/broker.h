/* The broker's own state: one process, one thread, one event loop; everything below hangs here. */
#ifndef BSRE_TOKEND_BROKER_H
#define BSRE_TOKEND_BROKER_H
#include <systemd/sd-event.h>
#include "apps.h"
#include "modules.h"
#include "quirks.h"
#include "lib/err.h"

struct token;
struct peer;
struct reader;

/* What bsre-tokend.conf and the command line set; times in milliseconds. */
struct conf {
	uint32_t linger;		/* idle time after which the card is closed */
	uint32_t hold_most;		/* the longest a transaction is held under load */
	uint32_t gap;			/* pause after that, so that waiting programs get in */
	uint32_t idle_limit;		/* seconds after which a kept PIN is wiped */
	uint32_t retain_pin;		/* 0: no PIN is kept, the card is held instead */
	uint32_t idle_exit;		/* seconds without any program after which the broker ends; 0: never */
	uint32_t job_limit;		/* the longest a card command may take */
	uint32_t slow_job_limit;	/* the same for key generation and erasing */
	uint32_t prompt_limit;		/* seconds that a PIN dialog stays open */
	uint32_t driver_piv;		/* PIV cards are ours */
	uint32_t driver_opensc;		/* the rest is OpenSC's */
	char     prompt[256];		/* "auto", "never", or a pinentry's path */
	struct apps apps;		/* the file's rules of which program logs in how */
	struct modules modules;		/* and its PKCS#11 modules */
	struct quirks quirks;		/* and what it knows of tokens */
};

struct broker {
	sd_event       *event;
	struct conf     conf;
	struct peer    *peers;		/* list */
	struct token   *tokens;		/* list, in order of arrival */
	struct reader  *readers;	/* list */
	uint64_t        generation;	/* grows when what a token list shows changes */
	uint32_t        last_id;	/* tokens, sessions and objects: numbers are never used twice */
	unsigned        scans_open;	/* monitors that have not told every reader yet */
	bool            pcsc_up;
	bool            scan_over;	/* programs wait no longer for the first scan */
	char            prompt_socket[108];	/* of the prompt's own unit; "": there is none */
	const char     *self;		/* /proc/self/exe: what children are exec'd from */
};
extern struct broker broker;

/* A number that was never given before in this process. */
uint32_t broker_next_id(void);

/* Tells whoever waits (WaitEvent) that the token list or what it shows has changed. */
void broker_changed(void);

/* Milliseconds of a clock that does not jump. */
uint64_t broker_now(void);

/* Calls fn once after ms; *source becomes the timer, an old one in it is dropped first. */
void broker_after(sd_event_source **source, uint64_t ms, sd_event_time_handler_t fn, void *data);
void broker_cancel(sd_event_source **source);
#endif
