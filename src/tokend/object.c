/* Objects: made from what a token holds, found by handle, freed. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/log.h"
#include "object.h"
#include "session.h"
#include "token.h"

static const uint8_t p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };

static const struct alg_row {
	enum alg      alg;
	enum key_kind kind;
	unsigned      bits;
	struct span   curve;
} algs[] = {
	{ ALG_RSA1024, KEY_RSA, 1024, { NULL, 0 } }, { ALG_RSA2048, KEY_RSA, 2048, { NULL, 0 } },
	{ ALG_RSA3072, KEY_RSA, 3072, { NULL, 0 } }, { ALG_RSA4096, KEY_RSA, 4096, { NULL, 0 } },
	{ ALG_P256, KEY_EC, 256, { p256, sizeof p256 } }, { ALG_P384, KEY_EC, 384, { p384, sizeof p384 } },
};
enum { ALGS = sizeof algs / sizeof algs[0] };

enum alg alg_of_spki(const struct spki *key)
{
	for (size_t i = 0; i < ALGS; i++) {
		const struct alg_row *a = &algs[i];
		if (a->kind != key->kind)
			continue;
		if (a->kind == KEY_RSA ? key->n.n * 8 == a->bits
		    : span_eq(a->curve, key->curve) && key->point.n == 1 + a->bits / 4)
			return a->alg;
	}
	return ALG_NONE;
}

unsigned alg_bits(enum alg alg)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].alg == alg)
			return algs[i].bits;
	return 0;
}

size_t alg_point(struct span curve)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].kind == KEY_EC && span_eq(algs[i].curve, curve))
			return 1 + algs[i].bits / 4;
	return 0;
}

size_t alg_signature(enum alg alg)
{
	size_t bytes = alg_bits(alg) / 8;

	return alg == ALG_P256 || alg == ALG_P384 ? 2 * bytes : bytes;
}

bool keep_span(struct span *out, struct span s)
{
	uint8_t *copy = malloc(s.n ? s.n : 1);

	if (!copy)
		return false;
	struct buf b = { copy, 0, s.n, false };
	buf_put(&b, s);
	free((void *)(uintptr_t)out->p);
	*out = (struct span){ copy, s.n };
	return true;
}

void object_free(struct object *o)
{
	struct span owned[] = { o->label, o->id, o->der, o->ec_point, o->attrs, o->unique };

	for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) {
		if (owned[i].n)
			wipe((void *)(uintptr_t)owned[i].p, owned[i].n);
		free((void *)(uintptr_t)owned[i].p);
	}
	free(o);
}

unsigned object_kind(CK_ULONG cls)
{
	return cls == CKO_CERTIFICATE ? OBJ_CERT : cls == CKO_PUBLIC_KEY ? OBJ_PUBLIC :
	       cls == CKO_PRIVATE_KEY ? OBJ_PRIVATE : cls == CKO_DATA ? OBJ_DATA :
	       cls == CKO_PROFILE ? OBJ_PROFILE : OBJ_SECRET;
}

struct object *object_new(CK_ULONG cls)
{
	struct object *o = calloc(1, sizeof *o);
	char text[32];

	if (!o)
		return NULL;
	o->handle = broker_next_id();
	o->cls = cls;
	o->kind = object_kind(cls);
	o->key_type = CK_UNAVAILABLE_INFORMATION;
	snprintf(text, sizeof text, "session-%u", o->handle);
	if (keep_span(&o->unique, span_str(text)))
		return o;
	object_free(o);
	return NULL;
}

void object_append(struct token *t, struct object *o)
{
	struct object **at = &t->objects;

	while (*at)
		at = &(*at)->next;
	*at = o;
}

/* A token's object with its names; NULL: no memory. */
static struct object *token_object(struct token *t, CK_ULONG cls, const struct KeyRec_in *rec, struct span der)
{
	struct object *o = object_new(cls);
	char unique[96];

	if (!o)
		return NULL;
	o->token = true;
	o->slot = rec->slot;
	o->generated = rec->flags & KEY_GENERATED;
	o->always_auth = rec->flags & KEY_PIN_ALWAYS;
	o->pin_policy = rec->pin_policy;
	o->touch_policy = rec->touch_policy;
	snprintf(unique, sizeof unique, "%s-%02x-%lu", t->serial, rec->slot, cls);
	if (keep_span(&o->label, rec->label) && keep_span(&o->id, rec->id) && keep_span(&o->der, der) &&
	    keep_span(&o->unique, span_str(unique)))
		return o;
	object_free(o);
	return NULL;
}

static bool key_parts(struct object *o)
{
	uint8_t room[200];
	struct buf b = BUF(room);

	o->key_type = o->key.kind == KEY_RSA ? CKK_RSA : CKK_EC;
	o->alg = alg_of_spki(&o->key);
	if (o->key.kind == KEY_RSA)
		return true;
	tlv_put(&b, 0x04, o->key.point);
	return !b.bad && keep_span(&o->ec_point, buf_span(&b));
}

void objects_add_cert(struct token *t, const struct KeyRec_in *rec, struct span der)
{
	struct object *o = token_object(t, CKO_CERTIFICATE, rec, der);

	if (!o)
		return;
	if (!ok(der_cert(o->der, &o->cert))) {
		log_line(LOG_WARNING, "token=%u slot=%02x: its certificate cannot be read", t->id, rec->slot);
		object_free(o);
		return;
	}
	o->spki = o->cert.spki;
	object_append(t, o);
}

void objects_add_keys(struct token *t, const struct KeyRec_in *rec, struct span spki)
{
	static const CK_ULONG classes[] = { CKO_PUBLIC_KEY, CKO_PRIVATE_KEY };

	for (size_t i = 0; i < 2; i++) {
		struct object *o = token_object(t, classes[i], rec, spki);
		if (!o)
			return;
		o->spki = o->der;
		if (!ok(der_spki(o->der, &o->key)) || !key_parts(o)) {
			log_line(LOG_WARNING, "token=%u slot=%02x: no public key that is known", t->id, rec->slot);
			object_free(o);
			return;
		}
		object_append(t, o);
	}
}

void objects_add_profiles(struct token *t)
{
	static const CK_ULONG profiles[] = { CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER,
	                                     CKP_AUTHENTICATION_TOKEN, CKP_PUBLIC_CERTIFICATES_TOKEN };

	for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
		struct object *o = object_new(CKO_PROFILE);
		char unique[96];
		if (!o)
			return;
		o->token = true;
		o->profile = profiles[i];
		snprintf(unique, sizeof unique, "%s-profile-%lu", t->serial, profiles[i]);
		if (keep_span(&o->unique, span_str(unique)))
			object_append(t, o);
		else
			object_free(o);
	}
}

void objects_remove(struct token *t, uint32_t slot, unsigned kinds)
{
	for (struct object **at = &t->objects; *at;) {
		struct object *o = *at;
		if (o->slot != slot || !(o->kind & kinds)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		object_free(o);
	}
}

void objects_free(struct token *t)
{
	while (t->objects) {
		struct object *o = t->objects;
		t->objects = o->next;
		object_free(o);
	}
}

struct object *object_of_slot(const struct token *t, uint32_t slot, unsigned kinds)
{
	struct object *o = t->objects;

	while (o && (o->slot != slot || !(o->kind & kinds)))
		o = o->next;
	return o;
}

bool object_visible(const struct session *s, const struct object *o)
{
	const struct app *app = &s->peer->app;

	if (o->token && o->kind & (OBJ_CERT | OBJ_KEY) && app->keys != KEYS_ALL &&
	    o->always_auth != (app->keys == KEYS_SIGN))
		return false;
	return !attr_flag(o, CKA_PRIVATE) || app->mode == MODE_ON_USE || session_user(s) == CKU_USER;
}

struct object *object_on(const struct token *t, uint32_t handle)
{
	struct object *o = t->objects;

	while (o && o->handle != handle)
		o = o->next;
	return o;
}

struct object *object_find(const struct session *s, uint32_t handle)
{
	for (struct session *other = s->peer->sessions; other; other = other->next)
		for (struct object *o = other->objects; o; o = o->next)
			if (o->handle == handle && other->token == s->token)
				return object_visible(s, o) ? o : NULL;
	struct object *o = object_on(s->token, handle);
	return o && object_visible(s, o) ? o : NULL;
}
