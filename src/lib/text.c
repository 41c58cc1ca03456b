/* Text from outside, looked at. */
#include "config.h"
#include "text.h"
#include "utf8.h"

bool text_is_plain(struct span s)
{
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		uint32_t v = utf8_next(&c);
		if (v == UTF8_BAD || v < 0x20 || (v >= 0x7F && v < 0xA0))
			return false;
	}
	return true;
}

bool text_harmful(uint32_t u)
{
	return u < 0x20 || (u >= 0x7F && u < 0xA0) || u == 0x61C || (u >= 0x200B && u <= 0x200F) ||
	       (u >= 0x2028 && u <= 0x202E) || (u >= 0x2060 && u <= 0x206F) || u == 0xFEFF ||
	       (u >= 0xFFF9 && u <= 0xFFFB) || (u >= 0xE0000 && u <= 0xE007F);
}

void text_clean(struct span s, char *out, size_t size)
{
	struct buf b = { .p = (uint8_t *)out, .cap = size - 1 };
	struct cur c = cur_of(s);

	while (cur_left(&c)) {
		struct span seen = { c.p, 0 };
		uint32_t u = utf8_next(&c);

		seen.n = (size_t)(c.p - seen.p);
		if (u == UTF8_BAD || text_harmful(u))
			seen = span_str("\xEF\xBF\xBD");
		if (buf_room(&b) < seen.n)
			break;
		buf_put(&b, seen);
	}
	out[b.n] = 0;
}

void text_undelete(char *exe)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(exe), m = sizeof mark - 1;

	if (n > m && strcmp(exe + n - m, mark) == 0)
		exe[n - m] = '\0';
}
