/* src/tokend's worker side, against cards on paper. */
#include "config.h"
#include "unit.h"
#include "tokend/card.h"

static void atr_says(void **state)
{
	static const uint8_t yubikey[] = { 0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73,
		0xC0, 0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40 };

	(void)state;
	assert_true(card_atr_extended(SPAN_OF(yubikey), 1));
	assert_false(card_atr_extended(SPAN_OF(yubikey), 0));
	assert_false(card_atr_extended(SPAN(0x3B, 0x80, 0x80, 0x01, 0x01), 1));
	for (size_t n = 0; n < 13; n++)
		assert_false(card_atr_extended((struct span){ yubikey, n }, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(atr_says) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
