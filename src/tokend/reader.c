/* Which kind of reader a name means. */
#include "config.h"
#include "reader.h"
#include "reader-vtoken.h"

bool reader_name(struct span name, char *out, size_t cap)
{
	struct buf b = { (uint8_t *)out, 0, cap, false };

	if (name.n == 0 || memchr(name.p, 0, name.n))
		return false;
	buf_put(&b, name);
	buf_be(&b, 0, 1);
	return !b.bad;
}

err reader_open(struct span name, struct reader **out)
{
	struct span prefix = span_str(VTOKEN_PREFIX);

	if (span_eq(span_first(name, prefix.n), prefix))
		return reader_open_vtoken(name, out);
	return reader_open_pcsc(name, out);
}
