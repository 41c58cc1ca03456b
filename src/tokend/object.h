/* What C_FindObjects finds: keys and certificates of a token, session objects, profiles. */
#ifndef BSRE_TOKEND_OBJECT_H
#define BSRE_TOKEND_OBJECT_H
#include "lib/der.h"
#include "wire/records.h"

struct token;
struct session;

/* Which rows of attr.def apply. */
enum { OBJ_CERT = 1, OBJ_PUBLIC = 2, OBJ_PRIVATE = 4, OBJ_PROFILE = 8, OBJ_DATA = 16, OBJ_SECRET = 32,
       OBJ_KEY = OBJ_PUBLIC | OBJ_PRIVATE, OBJ_NAMED = OBJ_CERT | OBJ_KEY | OBJ_DATA | OBJ_SECRET, OBJ_ANY = 63 };

struct object {
	struct object    *next;
	uint32_t          handle;
	unsigned          kind;
	CK_ULONG          cls, key_type, profile;
	uint32_t          slot;			/* the key slot it belongs to; 0: a session object */
	bool              token, generated, always_auth;
	bool              unproven, proving;	/* remembered from before the token was pulled (cache.h) */
	uint32_t          pin_policy, touch_policy;
	enum alg          alg;
	struct span       label, id;		/* owned */
	struct span       der;			/* owned: a certificate, or a SubjectPublicKeyInfo */
	struct span       ec_point;		/* owned: the point as DER OCTET STRING */
	struct cert_parts cert;			/* borrow from der */
	struct spki       key;			/* borrow from der */
	struct span       spki;			/* borrows from der: the whole SubjectPublicKeyInfo */
	struct span       attrs;		/* owned: the template a session object was made of */
	struct span       unique;		/* owned */
};

/* Adds to t a key slot's certificate (der of a certificate, rec for its names), or its public and
 * private key (der of an SPKI). What cannot be parsed is left out with a line in the log. */
void objects_add_cert(struct token *t, const struct KeyRec_in *rec, struct span der);
void objects_add_keys(struct token *t, const struct KeyRec_in *rec, struct span spki);

/* At the end of the token's list, which owns it from then on. */
void object_append(struct token *t, struct object *o);

/* The four CKO_PROFILE objects. */
void objects_add_profiles(struct token *t);

/* Takes the objects of a slot out: kinds says which. */
void objects_remove(struct token *t, uint32_t slot, unsigned kinds);
void objects_free(struct token *t);

/* The object of a slot, of one of the kinds; NULL: none. */
struct object *object_of_slot(const struct token *t, uint32_t slot, unsigned kinds);

/* An object that the session may see (private ones only when the user is logged in); NULL: none. */
struct object *object_find(const struct session *s, uint32_t handle);

/* The token's object with that handle, whoever may see it; NULL: none. */
struct object *object_on(const struct token *t, uint32_t handle);

/* True where the session may see it. */
bool object_visible(const struct session *s, const struct object *o);

/* Which rows of attr.def are about objects of a class. */
unsigned object_kind(CK_ULONG cls);

/* New session object of a template that was checked. NULL: no memory. Not in any list yet. */
struct object *object_new(CK_ULONG cls);
void object_free(struct object *o);

/* Owned copies, for the fields above. False: no memory. */
bool keep_span(struct span *out, struct span s);

/* Reads one attribute. CKR_OK and *v, which may borrow from *scratch; CKR_ATTRIBUTE_TYPE_INVALID or
 * CKR_ATTRIBUTE_SENSITIVE. */
union scratch { CK_ULONG num; CK_BBOOL flag; };
CK_RV attr_get(const struct object *o, CK_ATTRIBUTE_TYPE type, union scratch *scratch, struct span *v);

/* The same without the template that a session object was made of. */
CK_RV attr_of(const struct object *o, CK_ATTRIBUTE_TYPE type, union scratch *scratch, struct span *v);

/* True where the object has it and it is CK_TRUE. */
bool attr_flag(const struct object *o, CK_ATTRIBUTE_TYPE type);

/* True where the object has every attribute of the template with the same value. */
bool attrs_match(const struct object *o, struct span filter);

/* The value of an attribute in a template (attribute records); SPAN_NONE and false: not there. */
bool template_get(struct span attrs, CK_ATTRIBUTE_TYPE type, struct span *v);
/* The same where it must be a CK_ULONG or CK_BBOOL; `otherwise` where it is not there or malformed. */
CK_ULONG template_ulong(struct span attrs, CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise);
bool     template_bool(struct span attrs, CK_ATTRIBUTE_TYPE type, bool otherwise);

/* The algorithm of a public key; ALG_NONE: one that no token has. */
enum alg alg_of_spki(const struct spki *key);
/* Bits of its keys; bytes of a signature (r || s for EC). */
unsigned alg_bits(enum alg a);
size_t   alg_signature(enum alg a);
/* Bytes of a point on the curve, by its name (DER); 0: a curve that no token has. */
size_t   alg_point(struct span curve);
#endif
