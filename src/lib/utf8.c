/* UTF-8, read strictly. */
#include "config.h"
#include "utf8.h"

uint32_t utf8_next(struct cur *c)
{
	struct cur try = *c;
	uint32_t u = cur_u8(&try);
	unsigned more = u < 0x80 ? 0 : (u & 0xE0) == 0xC0 ? 1 : (u & 0xF0) == 0xE0 ? 2 : 3;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	bool bad = (u & 0xC0) == 0x80 || u >= 0xF8;

	if (more)
		u &= 0x3Fu >> more;
	for (unsigned i = 0; i < more && !bad; i++) {
		uint8_t b = cur_u8(&try);

		bad = try.bad || (b & 0xC0) != 0x80;
		u = u << 6 | (b & 0x3F);
	}
	if (bad || u < least[more] || u > 0x10FFFF || (u >= 0xD800 && u < 0xE000)) {
		cur_u8(c);
		return UTF8_BAD;
	}
	*c = try;
	return u;
}

size_t utf8_count(struct span s)
{
	struct cur c = cur_of(s);
	size_t n = 0;

	for (; cur_left(&c); n++)
		if (utf8_next(&c) == UTF8_BAD)
			return SIZE_MAX;
	return n;
}
