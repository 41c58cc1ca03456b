/* The answer to reset: chosen, and asked for the protocols it offers. */
#include "config.h"
#include <stdio.h>
#include "atr.h"

static const uint8_t t1[] = {		/* a YubiKey 5's */
	0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57,
	0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40
};
static const uint8_t t0[] = { 0x3B, 0x08, 'B', 'S', 'R', 'E', 'P', 'I', 'V', '0' };

static bool is(const char *text, const char *word)
{
	return span_eq(span_str(text), span_str(word));
}

bool atr_read(const char *text, struct buf *atr)
{
	unsigned byte;
	int n = 0;

	if (is(text, "t1") || is(text, "t0")) {
		buf_put(atr, is(text, "t1") ? SPAN_OF(t1) : SPAN_OF(t0));
		return !atr->bad;
	}
	for (; sscanf(text, "%2x%n", &byte, &n) == 1 && n == 2; text += n)
		buf_be(atr, byte, 1);
	return !*text && !atr->bad && atr->n >= 2;
}

bool atr_has_t1(struct span atr)
{
	struct cur c = cur_of(atr);

	(void)cur_u8(&c);				/* TS */
	uint8_t has = cur_u8(&c);			/* T0, then each TDi: which bytes follow */
	while (has & 0x80) {
		for (unsigned bit = 0x10; bit < 0x80; bit <<= 1)
			if (has & bit)
				(void)cur_u8(&c);
		has = cur_u8(&c);
		if (c.bad)
			return false;
		if ((has & 0x0F) == 1)
			return true;
	}
	return false;
}
