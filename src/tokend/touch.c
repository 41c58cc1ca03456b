/* The notification that a token waits for a touch, over the user's session bus. */
#include "config.h"
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include "lib/log.h"
#include "lib/text.h"
#include "object.h"
#include "peer.h"
#include "touch.h"

#define _(text) gettext(text)

enum {
	POLICY_ALWAYS = 2, POLICY_CACHED = 3,	/* CKA_BSRE_TOUCH_POLICY */
	PATIENCE_MS = 400			/* a touch that was given in time needs no word */
};

static const char service[] = "org.freedesktop.Notifications", path[] = "/org/freedesktop/Notifications";

/* NULL where there is no desktop. A connection that broke is made anew. */
static sd_bus *session_bus(void)
{
	static sd_bus *bus;

	if (bus && sd_bus_is_open(bus) > 0)
		return bus;
	bus = sd_bus_flush_close_unref(bus);
	if (sd_bus_open_user(&bus) < 0 || sd_bus_attach_event(bus, broker.event, SD_EVENT_PRIORITY_NORMAL) < 0)
		bus = sd_bus_flush_close_unref(bus);
	return bus;
}

static void put_away(uint32_t shown)
{
	sd_bus *bus = session_bus();

	if (bus && shown)
		sd_bus_call_method_async(bus, NULL, service, path, service, "CloseNotification", NULL, NULL,
		                         "u", shown);
}

static int on_shown(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct token *t = token_find((uint32_t)(uintptr_t)data);
	uint32_t shown = 0;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL))
		log_line(LOG_INFO, "no notification: %s", sd_bus_message_get_error(m)->message);
	else if (sd_bus_message_read(m, "u", &shown) >= 0 && t && t->touch_wanted)
		t->touch_shown = shown;
	else
		put_away(shown);		/* it was touched meanwhile */
	return 0;
}

/* Text of a card or of a file's name in a notification, which may read markup. */
static const char *marked(char *out, size_t size, const char *text)
{
	struct buf b = { (uint8_t *)out, 0, size - 1, false };

	if (!text_is_plain(span_str(text)))
		text = "?";
	for (; *text && !b.bad; text++) {
		const char *e = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
		buf_put(&b, e ? span_str(e) : (struct span){ (const uint8_t *)text, 1 });
	}
	out[b.n] = '\0';
	return out;
}

static int tell(sd_event_source *s, uint64_t usec, void *data)
{
	struct token *t = data;
	const struct peer *p = t->running && t->running->rq ? t->running->rq->peer : NULL;
	char label[512], program[1024], body[2048];
	const char *name = p ? strrchr(p->program, '/') : NULL;

	(void)s, (void)usec;
	broker_cancel(&t->touch);
	log_line(LOG_NOTICE, "token=%u serial=%s waits for a touch, for pid=%d", t->id, t->serial, p ? (int)p->pid : 0);
	sd_bus *bus = session_bus();
	if (!bus)
		return 0;
	snprintf(body, sizeof body, _("Touch the token '%s': %s uses a key that wants it."),
	         marked(label, sizeof label, *t->label ? t->label : t->serial),
	         marked(program, sizeof program, name ? name + 1 : _("a program")));
	sd_bus_call_method_async(bus, NULL, service, path, service, "Notify", on_shown, (void *)(uintptr_t)t->id,
	                         "susssasa{sv}i", "bsre-token", t->touch_shown, "security-high",
	                         _("The token waits for a touch"), body, 0, 1, "urgency", "y", 2, 0);
	return 0;
}

static bool wants(const struct job *j)
{
	return j->touch == POLICY_ALWAYS || j->touch == POLICY_CACHED;
}

void touch_begins(struct token *t, const struct job *j)
{
	t->touch_wanted = wants(j);
	if (t->touch_wanted)
		broker_after(&t->touch, PATIENCE_MS, tell, t);
}

void touch_ends(struct token *t)
{
	broker_cancel(&t->touch);
	t->touch_wanted = false;
	if (t->touch_shown)
		put_away(t->touch_shown);
	t->touch_shown = 0;
}

err touch_outcome(const struct job *j, err e)
{
	return wants(j) && e.code == E_PIN_NEEDED && e.sw == 0x6982 ? (err){ E_NOT_TOUCHED, e.sw } : e;
}
