/* The tables of err.def and sw.def, looked up. */
#include "config.h"
#include "err.h"

static const struct row {
	uint16_t    no;
	int         exit;
	CK_RV       ckr;
	const char *name, *text;
} rows[] = {
#define ERR(no, code, ckr, exit, text) { no, exit, ckr, #code, text },
#include "err.def"
#undef ERR
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct { uint16_t sw, mask, code; } words[] = {
#define SW(sw, mask, code, says) { sw, mask, E_##code },
#include "sw.def"
#undef SW
};

/* The row of e; an unknown number is E_GENERAL, the second row. */
static const struct row *row_of(uint16_t code)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].no == code)
			return &rows[i];
	return &rows[1];
}

err err_from_sw(uint16_t sw)
{
	size_t i = 0;

	while ((sw & words[i].mask) != words[i].sw)
		i++;				/* ends: the last row's mask is 0 */
	return (err){ words[i].code, sw };
}

bool        err_known(uint16_t code) { return row_of(code)->no == code; }
CK_RV       err_ckr(err e)           { return row_of(e.code)->ckr; }
int         err_exit(err e)          { return row_of(e.code)->exit; }
const char *err_name(err e)          { return row_of(e.code)->name; }
const char *err_text(err e)          { return row_of(e.code)->text; }

int err_tries(err e)
{
	return (e.sw & 0xFFF0) == 0x63C0 ? e.sw & 0xF : -1;
}
