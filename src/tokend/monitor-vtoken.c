/* Watching one virtual token over its own socket. */
#include "config.h"
#include <unistd.h>
#include "monitor.h"
#include "reader-vtoken.h"

enum { PATH_BYTES = 256, BODY_BYTES = 256 };

struct watch {
	const char *path;
	char        name[PATH_BYTES];	/* the reader's: "vtoken:" and the path */
	uint32_t    count;		/* of arrivals and removals, over all connections */
	int         fd;
};

static void tell(struct watch *w, struct span atr)
{
	struct ReaderState_in in = { .reader = span_str(w->name), .present = atr.n > 0,
		.count = ++w->count & 0xFFFF, .atr = atr };

	tell_reader(&in);
	tell_scan_done();
}

/* One frame: plugged in or not, else the ATR that was asked for when it was plugged in. */
static err step(struct watch *w)
{
	uint8_t room[BODY_BYTES];
	struct buf body = BUF(room);

	monitor_wait_fd(w->fd);
	TRY(vtoken_receive(w->fd, &body));
	if (body.n == 1 && room[0])
		return vtoken_control(w->fd, VTOKEN_ATR);
	if (body.n == 1)
		tell(w, SPAN_NONE);
	else if (body.n)
		tell(w, span_first(buf_span(&body), ATR_MAX));
	return OK;
}

static void watch_one(struct watch *w)
{
	if (ok(vtoken_control(w->fd, VTOKEN_WATCH)))
		while (ok(step(w)))
			;
	close(w->fd);
	tell_gone(w->name);
	w->count++;
}

void monitor_vtoken(const char *path)
{
	struct watch w = { .path = path };
	struct buf name = { (uint8_t *)w.name, 0, sizeof w.name - 1, false };
	unsigned attempt = 0;

	buf_str(&name, VTOKEN_PREFIX);
	buf_str(&name, path);
	for (;;) {
		w.fd = vtoken_connect(path);
		if (w.fd >= 0) {
			watch_one(&w);
			attempt = 0;
		}
		tell_scan_done();
		monitor_wait(path, attempt++);
	}
}
