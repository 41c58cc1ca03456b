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
