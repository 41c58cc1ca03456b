/* The token's memory: a blank one, its objects, its end. */
#include "config.h"
#include <openssl/rand.h>
#include <stdlib.h>
#include <unistd.h>
#include "attest.h"
#include "state.h"

static const uint8_t factory_mgm[24] = {
	1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8
};
enum { TRIES = 3, CIPHER_3DES = 0x03, TAG_ATTESTATION = 0x5FFF01 };

void state_clear(struct state *s)
{
	for (size_t i = 0; i < SLOTS; i++)
		key_drop(&s->keys[i]);
	for (size_t i = 0; i < s->n_objects; i++)
		free(s->objects[i].p);
	s->n_objects = 0;
	secret_wipe(&s->pin.value);
	secret_wipe(&s->puk.value);
	secret_wipe(&s->mgm.key);
}

void state_close(struct state *s)
{
	state_clear(s);
	secret_wipe(&s->seal);
	if (s->lock > 0)
		close(s->lock);
	free(s->path);
	free(s->image.p);
	*s = (struct state){ 0 };
}

static const uint8_t factory_pin[8] = { '1', '2', '3', '4', '5', '6', 0xFF, 0xFF };
static const uint8_t factory_puk[8] = { '1', '2', '3', '4', '5', '6', '7', '8' };

static void set_constant(struct secret *s, struct span v)
{
	if (!secret_set(s, v))
		abort();		/* constants fit */
}

void state_factory_pins(struct state *s)
{
	set_constant(&s->pin.value, SPAN_OF(factory_pin));
	set_constant(&s->puk.value, SPAN_OF(factory_puk));
}

bool state_factory_pin(const struct state *s, bool puk)
{
	return puk ? span_eq(secret_span(&s->puk.value), SPAN_OF(factory_puk))
		: span_eq(secret_span(&s->pin.value), SPAN_OF(factory_pin));
}

bool state_factory_mgm(const struct state *s)
{
	return s->mgm.cipher->id == CIPHER_3DES
		&& span_eq(secret_span(&s->mgm.key), SPAN_OF(factory_mgm));
}

static void factory_secrets(struct state *s)
{
	s->pin.left = s->pin.max = s->puk.left = s->puk.max = TRIES;
	s->mgm.cipher = cipher_find(CIPHER_3DES);
	s->mgm.touch = TOUCH_NEVER;
	state_factory_pins(s);
	set_constant(&s->mgm.key, SPAN_OF(factory_mgm));
}

uint32_t state_random_serial(void)
{
	uint32_t serial = 0;
	uint8_t r[4];

	if (RAND_bytes(r, sizeof r) == 1) {
		struct cur c = cur_of(SPAN_OF(r));
		serial = cur_u32(&c);
	}
	return 10000000 + serial % 90000000;
}

err state_blank(struct state *s, uint32_t serial)
{
	struct key *f9 = &s->keys[SLOT_0xF9];
	uint8_t cert[2048];
	struct buf b = BUF(cert);

	s->serial = serial != SERIAL_ANY ? serial : state_random_serial();
	s->firmware[0] = 5;
	s->firmware[1] = 7;
	s->firmware[2] = 1;
	factory_secrets(s);
	TRY(key_generate(f9, alg_find(0x11)));
	f9->pin = POLICY_NEVER;
	f9->touch = TOUCH_NEVER;
	TRY(attest_self(s, &b));
	return object_set(s, TAG_ATTESTATION, buf_span(&b));
}

err state_factory(struct state *s)
{
	struct object *cert = object_find(s, TAG_ATTESTATION);
	uint8_t bytes[OBJECT_MAX];
	struct buf kept = BUF(bytes);
	struct key f9 = s->keys[SLOT_0xF9];

	if (cert)
		buf_put(&kept, (struct span){ cert->p, cert->n });
	s->keys[SLOT_0xF9] = (struct key){ 0 };
	state_clear(s);
	s->keys[SLOT_0xF9] = f9;
	factory_secrets(s);
	return object_set(s, TAG_ATTESTATION, buf_span(&kept));
}

struct object *object_find(struct state *s, uint32_t tag)
{
	for (size_t i = 0; i < s->n_objects; i++)
		if (s->objects[i].tag == tag)
			return &s->objects[i];
	return NULL;
}

static size_t objects_bytes(const struct state *s, uint32_t but)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_objects; i++)
		if (s->objects[i].tag != but)
			n += s->objects[i].n;
	return n;
}

static void object_remove(struct state *s, struct object *o)
{
	free(o->p);
	*o = s->objects[--s->n_objects];
}

err object_set(struct state *s, uint32_t tag, struct span v)
{
	struct object *o = object_find(s, tag);

	if (v.n > OBJECT_MAX || objects_bytes(s, tag) + v.n > OBJECTS_BYTES
			|| (!o && s->n_objects == OBJECTS_MAX))
		return FAIL(TOKEN_FULL);
	if (!v.n) {
		if (o)
			object_remove(s, o);
		return OK;
	}
	struct buf b = { .p = malloc(v.n), .cap = v.n };
	if (!b.p)
		return FAIL(TOKEN_FULL);
	buf_put(&b, v);
	if (o)
		free(o->p);
	else
		o = &s->objects[s->n_objects++];
	*o = (struct object){ tag, b.p, b.n };
	return OK;
}
