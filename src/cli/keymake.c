/* Key pairs: the kinds, and the call. */
#include "config.h"
#include <string.h>
#include "keymake.h"
#include "object.h"
#include "print.h"
#include "say.h"
#include "steady.h"
#include "ways.h"

#define OID_P256 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07	/* prime256v1, RFC 5480 */
#define OID_P384 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22			/* secp384r1, RFC 5480 */

static const struct key_alg algs[] = {
	{ "rsa2048", 2048, { NULL, 0 } },
	{ "rsa3072", 3072, { NULL, 0 } },
	{ "rsa4096", 4096, { NULL, 0 } },
	{ "p256", 0, { (const uint8_t[]){ OID_P256 }, 10 } },
	{ "p384", 0, { (const uint8_t[]){ OID_P384 }, 7 } },
};

const struct key_alg *key_alg(const char *name)
{
	size_t i = 0;

	while (name && i + 1 < sizeof algs / sizeof algs[0] && strcmp(algs[i].name, name) != 0)
		i++;
	return &algs[i];
}

/* What both halves are given. */
static void put_common(struct buf *b, const struct new_key *k)
{
	attr_bool(b, CKA_TOKEN, true);
	if (k->slot)
		attr_ulong(b, CKA_BSRE_SLOT, k->slot);
	if (k->label.n)
		attr_put(b, CKA_LABEL, k->label);
	if (k->id.n)
		attr_put(b, CKA_ID, k->id);
}

err key_make(struct cli *c, const struct new_key *k, struct KeyPairGenerate_out *out)
{
	uint8_t pub_room[1024], priv_room[1024];
	struct buf pub = BUF(pub_room), priv = BUF(priv_room);
	REPLY r = { 0 };

	put_common(&pub, k);
	put_common(&priv, k);
	attr_bool(&priv, CKA_PRIVATE, true);
	attr_bool(&priv, CKA_SENSITIVE, true);
	if (k->alg->bits)
		attr_ulong(&pub, CKA_MODULUS_BITS, k->alg->bits);
	else
		attr_put(&pub, CKA_EC_PARAMS, k->alg->curve);
	if (k->pin)
		attr_ulong(&priv, CKA_BSRE_PIN_POLICY, k->pin);
	if (k->touch)
		attr_ulong(&priv, CKA_BSRE_TOUCH_POLICY, k->touch);
	struct KeyPairGenerate_in in = {
		.session = c->token.session, .public_attrs = buf_span(&pub), .private_attrs = buf_span(&priv),
		.mech = k->alg->bits ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN,
	};
	progress_begin(c, _("The token generates the key; this can take a minute"));
	steady_begin();
	err e = call_KeyPairGenerate(c->link, &in, out, &r);
	steady_end();
	progress_end();
	return ways(c, e, WAY_OF_GENERATE);
}
