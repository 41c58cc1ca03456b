/* What a new PIN or PUK must be like before it is sent to a token. */
#ifndef BSRE_CLI_PINRULE_H
#define BSRE_CLI_PINRULE_H
#include "lib/secret.h"

/* most: PIV's field has 8 bytes (SP 800-73-4 part 2, 2.4.3). least: the same clause's 6. The token may
 * want more, or allow less, than these; the narrower counts. */
enum { PIN_LEAST = 6, PIN_MOST = 8 };

enum pin_fault {
	PIN_GOOD, PIN_SHORT, PIN_LONG,
	PIN_CHARACTERS,			/* something else than printable ASCII without the space */
	PIN_SAME,			/* one or two characters only: 111111, 121212 */
	PIN_SEQUENCE			/* up or down by one: 123456, 987654, abcdef */
};
enum pin_fault pin_fault(const struct secret *pin, unsigned least, unsigned most);

/* The fault in words, untranslated; for PIN_SHORT and PIN_LONG with two %u, least and most. */
const char *pin_fault_text(enum pin_fault f);
#endif
