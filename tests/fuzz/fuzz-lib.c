/* Hostile bytes for the leaves: TLV, DER, text. What is taken apart lies inside the input, and what is
 * built of the parts reads back the same. */
#include "config.h"
#include <stdlib.h>
#include "lib/der.h"
#include "lib/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void inside(struct span whole, struct span part)
{
	if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
		abort();
}

static void elements(struct cur c, unsigned depth)
{
	struct cur value;

	while (cur_left(&c) && depth < 8)
		if (tlv_next(&c, &value))
			elements(value, depth + 1);
}

static void keys(struct span in)
{
	static uint8_t room[1 << 17];
	struct buf b = BUF(room);
	struct spki key, back;

	if (!ok(der_spki(in, &key)))
		return;
	inside(in, key.n);
	inside(in, key.point);
	der_put_spki(&b, &key);
	if (b.bad)
		return;
	if (!ok(der_spki(buf_span(&b), &back)) || !span_eq(key.n, back.n) || !span_eq(key.point, back.point))
		abort();
}

static void certificates(struct span in)
{
	struct cert_parts parts;

	if (!ok(der_cert(in, &parts)))
		return;
	struct span all[] = { parts.serial, parts.issuer, parts.subject, parts.spki, parts.not_before,
	                      parts.not_after };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		inside(in, all[i]);
	keys(parts.spki);
}

static void signatures(struct span in)
{
	uint8_t raw[96], der[120];
	struct buf r = BUF(raw), d = BUF(der);
	struct span half = { raw, 0 };

	if (!ok(der_ecdsa_raw(in, 48, &r)))
		return;
	half.n = r.n;
	der_put_ecdsa(&d, half);
	r = BUF(raw);
	if (d.bad || !ok(der_ecdsa_raw(buf_span(&d), 48, &r)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = { data, n };

	elements(cur_of(in), 0);
	keys(in);
	certificates(in);
	signatures(in);
	if (der_length(in) > n)
		abort();
	(void)text_is_plain(in);
	return 0;
}
