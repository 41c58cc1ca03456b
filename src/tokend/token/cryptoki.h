/* The driver of tokens that speak through somebody else's PKCS#11 module: OpenSC's, or a vendor's. One module a
 * process, loaded in a worker that is confined for it. */
#ifndef BSRE_TOKEND_CRYPTOKI_H
#define BSRE_TOKEND_CRYPTOKI_H
#include "driver.h"

enum {
	PLACES_MAX = 64,		/* keys and certificates of one token */
	ID_MAX = 64, LABEL_MAX = 64,	/* bytes of CKA_ID and CKA_LABEL that are kept */
	ATTR_MAX = 16384,		/* bytes of an attribute's value */
	OPENSC_READERS_MAX = 32
};

/* What the configuration says of a module. */
struct module {
	const char *name, *path;
	const char *sha256;		/* 64 digits; NULL: the distribution's own file, not pinned */
	bool        opensc;		/* gets a configuration of ours */
	unsigned    part;		/* which of a card's tokens, from 0 */
};

/* Loads it (once) and calls C_Initialize. reader: the one that OpenSC may look at; NULL: all. MODULE_CHANGED:
 * its hash is another; MODULE_BAD: it is no module, or does not start. Both are logged with what was found. */
err cryptoki_load(const struct module *m, const char *reader) MUST_USE;

/* Its functions, once it is loaded. */
CK_FUNCTION_LIST_PTR cryptoki_functions(void);

/* Wipes the stack below the caller: what a module left there of a PIN. */
void cryptoki_sweep(void);

/* For worker.c: which module reader names belong to; then what opens them. A name is pcscd's for the reader, or
 * "NAME:0x" and the number of one of the module's own slots. */
void cryptoki_use(const struct module *m);
const struct module *cryptoki_used(void);
reader_opener cryptoki_open;

/* Calls told for each slot of the module that holds a token and is no reader of pcscd. */
err cryptoki_slots(const struct module *m, void (*told)(const char *reader)) MUST_USE;

/* A key or a certificate, or both, by the CKA_ID that they share. */
struct place {
	uint32_t slot;
	unsigned nth;			/* certificates before this one that have the same id */
	bool     private, public, cert, authority, always;
	uint8_t  id[ID_MAX], label[LABEL_MAX];
	size_t   id_n, label_n;
};

/* The state of a session with a token: struct token's card->reader is its first member. */
struct cryptoki {
	struct reader        r;
	CK_FUNCTION_LIST_PTR f;
	CK_SLOT_ID           slot;
	CK_SESSION_HANDLE    session;
	bool                 open, logged_in, pcsc;
	CK_TOKEN_INFO        info;
	unsigned             part, parts;	/* which of the card's tokens: one a PIN */
	struct place         places[PLACES_MAX];
	size_t               n;
	bool                 full;		/* said that there is more than places */
	char                 name[128];		/* of the reader */
	struct reader       *closer;		/* a PC/SC handle of our own, to reset the card with; NULL: none */
};

static inline struct cryptoki *cryptoki_of(const struct token *t)
{
	return (struct cryptoki *)t->card->reader;
}

/* A padded field of Cryptoki without its blanks. */
static inline struct span cryptoki_unpad(const CK_UTF8CHAR *p, size_t n)
{
	while (n && (p[n - 1] == ' ' || p[n - 1] == 0))
		n--;
	return (struct span){ p, n };
}

/* Sets c's slot by the name of its reader (cryptoki-slot.c), and how many tokens its card is. UNKNOWN_CARD: the
 * module has none for it. */
err cryptoki_find_slot(struct cryptoki *c) MUST_USE;

/* What a CK_RV means. PIN_WRONG and PIN_BLOCKED are about the user's. A session that ended under us marks the
 * reader as lost, so that the worker begins anew. */
err cryptoki_err(struct cryptoki *c, const char *function, CK_RV rv) MUST_USE;

/* A PIN as Cryptoki wants it. */
static inline CK_UTF8CHAR_PTR cryptoki_pin(const struct secret *pin)
{
	return (CK_UTF8CHAR_PTR)(uintptr_t)secret_span(pin).p;
}

/* The token's own words, read anew. */
err cryptoki_info(struct cryptoki *c) MUST_USE;

/* Opens the session that begin() opens, anew. */
err cryptoki_reopen(struct cryptoki *c) MUST_USE;

/* Is the mechanism there? Its CKF_ flags and sizes in *info. */
bool cryptoki_mech(struct cryptoki *c, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);

/* cryptoki-object.c: an attribute's value appended to b (NOT_FOUND: the object has it not); the same as a
 * number or a yes. */
err      cryptoki_attr(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, struct buf *b) MUST_USE;
CK_ULONG cryptoki_ulong(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise);
bool     cryptoki_flag(struct cryptoki *c, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type);

/* The handles of objects of a class (and with an id, unless its p is NULL): at most `most`, *n of them. */
err cryptoki_find(struct cryptoki *c, CK_OBJECT_CLASS cls, struct span id, CK_OBJECT_HANDLE *out, size_t most,
	size_t *n) MUST_USE;

/* A public key object's SubjectPublicKeyInfo. */
err cryptoki_spki(struct cryptoki *c, CK_OBJECT_HANDLE key, struct buf *spki) MUST_USE;

/* The place that goes by a slot number; the objects are listed where that was not done yet. KEY_NOT_FOUND. */
err cryptoki_place(struct cryptoki *c, uint32_t slot, struct place **out) MUST_USE;

/* The functions of the driver that stand in files of their own. */
err cryptoki_list(struct token *, struct buf *keys, bool *whole) MUST_USE;
err cryptoki_cert(struct token *, uint32_t slot, uint32_t most, struct buf *der) MUST_USE;
err cryptoki_do(struct token *, const struct CardUse_in *, struct buf *out) MUST_USE;
err cryptoki_generate(struct token *, const struct CardGenerate_in *, struct CardGenerate_out *) MUST_USE;
err cryptoki_cert_write(struct token *, uint32_t slot, struct span der) MUST_USE;
err cryptoki_key_destroy(struct token *, uint32_t slot) MUST_USE;
err cryptoki_key_name(struct token *, uint32_t slot, struct span id, struct span label) MUST_USE;
#endif
