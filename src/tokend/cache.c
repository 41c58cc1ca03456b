/* A list of gone tokens, newest first. */
#include "config.h"
#include <stdlib.h>
#include "cache.h"
#include "object.h"
#include "session.h"
#include "token.h"

enum { REMEMBERED = 8 };

static struct token *gone;			/* husks: identity and objects, no worker, no reader */

static void forget(struct token *t)
{
	objects_free(t);
	free(t);
}

static struct token **find(const char *serial)
{
	struct token **at = &gone;

	while (*at && strcmp((*at)->serial, serial) != 0)
		at = &(*at)->next;
	return at;
}

static bool has_certificate(const struct token *t)
{
	struct object *o = t->objects;

	while (o && !(o->kind & OBJ_CERT))
		o = o->next;
	return o;
}

void cache_put(struct token *t)
{
	struct token **at, *husk;
	unsigned n = 0;

	/* without a certificate nothing would prove that it is as it was */
	if (!t->known || t->load != LOAD_DONE || !t->serial[0] || !has_certificate(t))
		return;
	at = find(t->serial);
	if ((husk = *at)) {
		*at = husk->next;
		forget(husk);
	}
	husk = malloc(sizeof *husk);
	if (!husk)
		return;
	*husk = *t;
	husk->worker = (struct child){ .fd = -1 };
	husk->jobs = husk->running = NULL;
	husk->linger = husk->pause = husk->watchdog = NULL;
	husk->reader = NULL;
	t->objects = NULL;
	husk->next = gone;
	gone = husk;
	for (at = &gone; *at; at = &(*at)->next)
		if (++n > REMEMBERED) {
			forget(*at);
			*at = NULL;
			break;
		}
}

bool cache_take(struct token *t)
{
	struct token **at = find(t->serial), *husk = *at;

	if (!husk)
		return false;
	*at = husk->next;
	struct buf label = BUF(t->label);
	buf_put(&label, SPAN_OF(husk->label));
	t->firmware = husk->firmware;
	t->flags = husk->flags;
	t->algs = husk->algs;
	t->whole = husk->whole;
	t->objects = husk->objects;
	t->load = LOAD_DONE;
	for (struct object *o = t->objects; o; o = o->next) {
		o->unproven = o->kind & (OBJ_CERT | OBJ_PRIVATE);
		o->proving = false;		/* a proof that was under way went with the token */
	}
	husk->objects = NULL;
	forget(husk);
	return true;
}

void cache_serials(struct buf *b)
{
	for (struct token *t = gone; t; t = t->next) {
		buf_str(b, t->serial);
		buf_be(b, 0, 1);
	}
}
