/* The records inside lists, and the numbers that calls.def and jobs.def speak of. */
#ifndef BSRE_WIRE_RECORDS_H
#define BSRE_WIRE_RECORDS_H
#define SCHEMA "records.def"
#include "schema.h"

enum op_kind {
	OP_DIGEST = 1, OP_SIGN, OP_VERIFY, OP_ENCRYPT, OP_DECRYPT, OP_SIGN_RECOVER, OP_VERIFY_RECOVER,
	OP_KINDS
};

enum reader_state {
	READER_EMPTY, READER_IDENTIFYING, READER_READY, READER_UNKNOWN_CARD,
	READER_EXCLUSIVE,		/* another program holds the card for itself alone */
	READER_QUARANTINED,		/* its worker was killed: usable again after the card was pulled */
	READER_MUTE,			/* the card does not answer at all */
	READER_NO_MODULE		/* the PKCS#11 module that is to serve it cannot be used */
};

/* The smart card service, pcscd. */
enum service_state {
	SERVICE_UNWATCHED,		/* virtual tokens alone are watched */
	SERVICE_UP, SERVICE_DOWN
};

/* TokenErase.flags, CardInit.flags */
enum {
	INIT_RESUME = 1,		/* only to end what an interrupted one began */
	INIT_PIN_TO_CHANGE = 2		/* the PIN is a first one: its owner is to change it */
};

/* What must hold at the card before a job's command (jobs.def). */
enum auth {
	AUTH_NONE,
	AUTH_USER,			/* the PIN was verified in this transaction */
	AUTH_FRESH			/* the PIN is verified right before the command */
};

enum prim { PRIM_RSA_PRIVATE = 1, PRIM_EC_SIGN, PRIM_EC_DH };

/* Key algorithms, numbers on the wire. */
enum alg { ALG_NONE, ALG_RSA1024, ALG_RSA2048, ALG_RSA3072, ALG_RSA4096, ALG_P256, ALG_P384 };

/* CardOpen.flags, TokenState.flags */
enum {
	TOKEN_INITIALIZED     = 1,	/* our label object says that `init` came to its end */
	TOKEN_PIN_TO_CHANGE   = 2,	/* the PIN was set by somebody else than its owner */
	TOKEN_CAN_GENERATE    = 4,
	TOKEN_CAN_RESET       = 8,	/* Yubico's RESET: `init` needs no old PUK */
	TOKEN_CAN_ATTEST      = 16,
	TOKEN_MANAGEMENT_DEFAULT = 32,	/* the management key is still the factory's */
	TOKEN_NO_OWN_OBJECTS  = 64,	/* it refuses our label and key objects */
	TOKEN_INIT_BEGUN      = 128,	/* our label object says that `init` did not come to its end */
	TOKEN_PIN_DEFAULT     = 256,	/* the factory's, as TOKEN_MANAGEMENT_DEFAULT */
	TOKEN_PUK_DEFAULT     = 512,
	TOKEN_PIN_UNSET       = 1024,	/* C_InitToken gave it none yet: the one in force nobody knows */
	TOKEN_BLANK           = 2048,	/* nobody set it up yet */
	TOKEN_BY_ID           = 4096,	/* it knows no slots: keys go by CKA_ID (keyslot.h) */
	TOKEN_NO_RAW          = 8192,	/* RSA with PKCS#1 padding alone */
	TOKEN_HIDES_KEYS      = 16384,	/* private keys show after a login alone */
	TOKEN_FACTORY = TOKEN_MANAGEMENT_DEFAULT | TOKEN_PIN_DEFAULT | TOKEN_PUK_DEFAULT
};

/* TokenWays.flags: what a token is known to do otherwise (src/tokend/quirks.def) */
enum {
	WAY_PIN_DIGITS    = 1,		/* the PIN is of digits alone */
	WAY_RSA_BROKEN    = 2,		/* RSA keys are made, and do not sign */
	WAY_NO_GENERATE   = 4,		/* its module makes no keys and takes no certificates */
	WAY_PUK_ONLY      = 8,		/* no SO-PIN: a PUK, which unblocks and does nothing else */
	WAY_SO_MANAGEMENT = 16,		/* its SO-PIN is a management key */
	WAY_PIN_PAD       = 32		/* a PIN pad of its own, which is not used */
};

/* KeyRec.flags */
enum {
	KEY_HAS_CERT = 1, KEY_HAS_KEY = 2, KEY_GENERATED = 4, KEY_IMPORTED = 8,
	KEY_PIN_ALWAYS = 16,		/* a VERIFY right before each use */
	/* KEY_HAS_CERT is a guess: CardCert tells. Where that says NOT_FOUND and the record has no spki,
	 * there is no key to show either. */
	KEY_UNSURE = 32,
	KEY_IS_DATA = 64		/* no key at all: a data object; `slot` is CardDataRead's `object` */
};

/* Data objects of programs: their numbers for CardDataRead and CardDataWrite. */
enum { DATA_FIRST = 0x5FFF50, DATA_LAST = 0x5FFF5F };
#endif
