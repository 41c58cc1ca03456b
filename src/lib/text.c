/* UTF-8, looked at. */
#include "config.h"
#include "text.h"

/* The next character; a bad cursor at what is none. */
static uint32_t next(struct cur *c)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t v = cur_u8(c);
	unsigned more = v < 0x80 ? 0 : (v & 0xE0) == 0xC0 ? 1 : (v & 0xF0) == 0xE0 ? 2 : (v & 0xF8) == 0xF0 ? 3 : 4;

	if (more == 4) {
		c->bad = true;
		return 0;
	}
	if (more)
		v &= 0x3Fu >> more;
	for (unsigned i = 0; i < more; i++) {
		uint8_t b = cur_u8(c);
		if ((b & 0xC0) != 0x80)
			c->bad = true;
		v = v << 6 | (b & 0x3F);
	}
	if (v < least[more] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
		c->bad = true;
	return v;
}

bool text_is_plain(struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		uint32_t v = next(&c);
		if (c.bad || v < 0x20 || (v >= 0x7F && v < 0xA0))
			return false;
	}
	return true;
}
