/* The subject's name as the CA hands it out in a file, read without adding, reordering or changing
 * anything. Two forms: plain (a line for an attribute) and JSON (a line for a member). */
#ifndef BSRE_CLI_DN_H
#define BSRE_CLI_DN_H
#include "lib/err.h"
#include "lib/span.h"

enum dn_type { DN_UTF8, DN_PRINTABLE, DN_IA5, DN_NUMERIC };

struct dn_attr { const char *shorter, *full, *json, *oid; enum dn_type type; unsigned most; };

/* One attribute with its value, both inside the dn. */
struct dn_item {
	char oid[64];
	const struct dn_attr *attr;	/* NULL: an OID that dn.def does not know */
	enum dn_type type;
	size_t at, n;			/* the value's place in text */
	bool joined;			/* belongs to the same RDN as the one before */
	unsigned line;			/* where it stood; 0 in JSON */
};

/* DN_TEXT: all values together, in bytes. No PIV token holds a certificate of more than 3052. */
enum { DN_ITEMS = 64, DN_TEXT = 3052 };
struct dn {
	struct dn_item item[DN_ITEMS];
	size_t n, used;
	unsigned key_bits[8], key_bits_n;	/* "key_length" of the JSON form: what the CA allows; none: any */
	uint8_t text[DN_TEXT];
};

/* What is wrong with a file, in words, translated: the line (0: none) and the reason. */
struct dn_fault { unsigned line; char why[1024]; };

/* Reads a whole file's bytes, of either form. relaxed: values over their upper bound pass.
 * DATA_INVALID, with the fault filled: unknown attribute, empty value, not UTF-8, characters outside
 * the string type, C not two letters, too long, too many, no attribute at all. CRLF and a UTF-8 byte
 * order mark are taken. */
err dn_parse(struct span file, bool relaxed, struct dn *out, struct dn_fault *fault) MUST_USE;

/* Adds one attribute; what both forms end in. */
err dn_add(struct dn *dn, const char *name, enum dn_type *forced, struct span value, bool relaxed,
	   struct dn_item at, struct dn_fault *fault) MUST_USE;

/* The JSON form; dn_parse calls it where the file begins with '{' or '['. */
err dn_parse_json(struct span file, bool relaxed, struct dn *out, struct dn_fault *fault) MUST_USE;

/* Words for a fault; gives DATA_INVALID back. */
err dn_wrong(struct dn_fault *fault, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4))) MUST_USE;

/* The names that may be used, "CN, OU, ..." */
const char *dn_names(bool json);
#endif
