/* PINs that are too easy to guess, by rule. */
#include "config.h"
#include "pinrule.h"
#include "lib/err.h"

/* Does each character follow the one before it by the same step of -1, 0 or 1? */
static bool in_sequence(const struct secret *pin)
{
	int step = pin->b[1] - pin->b[0];

	for (unsigned i = 2; i < pin->n; i++)
		if (pin->b[i] - pin->b[i - 1] != step)
			return false;
	return step >= -1 && step <= 1;
}

/* How many different characters. */
static unsigned kinds(const struct secret *pin)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pin->n; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i; k++)
			seen |= pin->b[k] == pin->b[i];
		n += !seen;
	}
	return n;
}

enum pin_fault pin_fault(const struct secret *pin, unsigned least, unsigned most)
{
	if (pin->n < least || pin->n < 2)
		return PIN_SHORT;
	if (pin->n > most)
		return PIN_LONG;
	for (unsigned i = 0; i < pin->n; i++)
		if (pin->b[i] <= 0x20 || pin->b[i] >= 0x7F)
			return PIN_CHARACTERS;
	if (kinds(pin) < 3)
		return PIN_SAME;
	return in_sequence(pin) ? PIN_SEQUENCE : PIN_GOOD;
}

const char *pin_fault_text(enum pin_fault f)
{
	static const char *const texts[] = {
		[PIN_GOOD]       = "",
		[PIN_SHORT]      = N_("it is too short: it must have %u to %u characters"),
		[PIN_LONG]       = N_("it is too long: it must have %u to %u characters"),
		[PIN_CHARACTERS] = N_("it holds something else than letters, digits and signs "
				"of ASCII"),
		[PIN_SAME]       = N_("it is too easy to guess: it has fewer than three "
				"different characters"),
		[PIN_SEQUENCE]   = N_("it is too easy to guess: its characters are a sequence"),
	};
	return texts[f];
}
