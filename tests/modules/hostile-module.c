/* A PKCS#11 module for tests, with one token and one RSA key, that does one thing wrong: HOSTILE is a
 * word of hostile.def, or nothing. HOSTILE_KEY is the key's file (PEM). The PIN is 123456; after three wrong
 * ones it is locked, until the process ends. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum fault {
	none,
#define FAULT(name, word, what) name,
#include "hostile.def"
#undef FAULT
};

enum { FIRST_SLOT = 7, SLOTS_MANY = 10000, SESSION = 0x51, TRIES = 3, KEY_BYTES_MAX = 512, DER_MAX = 2048 };
enum { PRIVATE = 1, PUBLIC, CERT, OBJECTS = CERT };		/* handles */

static enum fault fault;
static bool logged_in, operating, searching, started;
static int wrong_pins;
static CK_OBJECT_HANDLE found[OBJECTS], *next, *end;
static EVP_PKEY *key;
static CK_MECHANISM_TYPE mechanism;
static unsigned char modulus[KEY_BYTES_MAX], exponent[8], cert[DER_MAX];
static size_t modulus_n, exponent_n, cert_n;

/* A sanitizer's runtime, whose handler would be asked first, must not call it a fault of ours. */
static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	_exit(1);
}

static void hang(void)
{
	for (;;)
		pause();
}

static void close_all(void)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
}

__attribute__((constructor)) static void loaded(void)
{
	static const struct { enum fault fault; const char *word; } words[] = {
#define FAULT(name, word, what) { name, word },
#include "hostile.def"
#undef FAULT
	};
	const char *told = getenv("HOSTILE");

	for (size_t i = 0; told && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(told, words[i].word) == 0)
			fault = words[i].fault;
	if (fault == load_crash)
		crash();
	if (fault == load_hang)
		hang();
}

/* --- the key and its certificate ------------------------------------------------------------------ */
static size_t number(const char *name, unsigned char *to)
{
	BIGNUM *n = NULL;

	if (!EVP_PKEY_get_bn_param(key, name, &n))
		return 0;
	size_t size = (size_t)BN_bn2bin(n, to);
	BN_free(n);
	return size;
}

/* The same in every process: its dates stand and its signature has nothing random. */
static void make_cert(void)
{
	unsigned char *to = cert;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Hostile User", -1, -1, 0);
	X509_set_issuer_name(x, name);
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20200101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20491231235959Z");
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	if (i2d_X509(x, NULL) <= DER_MAX)
		cert_n = (size_t)i2d_X509(x, &to);
	X509_free(x);
}

static bool make_key(void)
{
	const char *path = getenv("HOSTILE_KEY");
	FILE *f = path ? fopen(path, "re") : NULL;

	key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	if (!key || EVP_PKEY_get_size(key) > KEY_BYTES_MAX)
		return false;
	modulus_n = number("n", modulus);
	exponent_n = number("e", exponent);
	make_cert();
	if (fault == cert_garbage)
		memset(cert, 0x30, cert_n);
	return true;
}

/* --- the module and its slots --------------------------------------------------------------------- */
static void stay_behind(void)
{
	if (fork() == 0)
		hang();
}

static CK_RV initialize(void *arguments)
{
	(void)arguments;
	if (started)
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	switch (fault) {
	case init_crash: crash(); break;
	case init_hang: hang(); break;
	case init_fails: return CKR_GENERAL_ERROR;
	case init_exits: exit(0);
	case init_forks: stay_behind(); break;
	case init_execs: execl("/bin/sleep", "sleep", "60", (char *)NULL); break;
	case init_closes: close_all(); break;
	default: break;
	}
	if (!make_key())
		return CKR_DEVICE_ERROR;
	started = true;
	return CKR_OK;
}

static CK_RV finalize(void *reserved)
{
	(void)reserved;
	started = logged_in = false;
	return CKR_OK;
}

static void pad(unsigned char *to, size_t size, const char *text)
{
	memset(to, ' ', size);
	memcpy(to, text, strlen(text) < size ? strlen(text) : size);
}

static CK_RV get_info(CK_INFO *info)
{
	*info = (CK_INFO){ .cryptokiVersion = { 2, 40 } };
	pad(info->manufacturerID, sizeof info->manufacturerID, "Test");
	pad(info->libraryDescription, sizeof info->libraryDescription, "Hostile module");
	return CKR_OK;
}

static CK_ULONG slot_count(void)
{
	static CK_ULONG grown;

	switch (fault) {
	case slots_many: return SLOTS_MANY;
	case slots_grow: return grown += 3;
	case slots_twins: return 2;
	default: return 1;
	}
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
	CK_ULONG n = slot_count();

	(void)present;
	if (fault == slots_hang)
		hang();
	CK_ULONG room = *count;
	*count = n;
	if (!slots)
		return CKR_OK;
	if (room < n)
		return CKR_BUFFER_TOO_SMALL;
	for (CK_ULONG i = 0; i < n; i++)
		slots[i] = FIRST_SLOT + i;
	if (fault == slots_lie)
		*count = SLOTS_MANY;
	return CKR_OK;
}

static bool is_slot(CK_SLOT_ID slot)
{
	return slot >= FIRST_SLOT && slot < FIRST_SLOT + (fault == slots_many ? SLOTS_MANY : fault == slots_grow ? 99
		: fault == slots_twins ? 2 : 1);
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	if (!is_slot(slot))
		return CKR_SLOT_ID_INVALID;
	*info = (CK_SLOT_INFO){ .flags = CKF_TOKEN_PRESENT };
	pad(info->slotDescription, sizeof info->slotDescription, "Hostile slot");
	pad(info->manufacturerID, sizeof info->manufacturerID, "Test");
	return CKR_OK;
}

static void name_token(CK_TOKEN_INFO *info, CK_SLOT_ID slot)
{
	char serial[17];

	snprintf(serial, sizeof serial, "H%04lu", fault == slots_twins ? 0 : slot - FIRST_SLOT);
	pad(info->label, sizeof info->label, "Hostile");
	pad(info->serialNumber, sizeof info->serialNumber, serial);
	pad(info->manufacturerID, sizeof info->manufacturerID, "Test");
	pad(info->model, sizeof info->model, "Hostile");
	if (fault == token_garbage) {
		pad(info->label, sizeof info->label, "\033]0;owned\007\033[2J\n\r\xC0\x80\xFF\xED\xA0\x80");
		memset(info->serialNumber, 0x0A, sizeof info->serialNumber);
		memset(info->manufacturerID, 0, sizeof info->manufacturerID);
		memset(info->model, 0xFE, sizeof info->model);
	}
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	if (!is_slot(slot))
		return CKR_SLOT_ID_INVALID;
	*info = (CK_TOKEN_INFO){ .ulMinPinLen = 4, .ulMaxPinLen = 16,
		.flags = CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_WRITE_PROTECTED };
	if (fault == token_lengths) {
		info->ulMinPinLen = (CK_ULONG)-1;
		info->ulMaxPinLen = 0;
	}
	if (wrong_pins >= TRIES)
		info->flags |= CKF_USER_PIN_LOCKED;
	else if (wrong_pins == TRIES - 1)
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	name_token(info, slot);
	return CKR_OK;
}

static CK_RV get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	(void)slot;
	if (list && *count < 2)
		return CKR_BUFFER_TOO_SMALL;
	if (list) {
		list[0] = CKM_RSA_PKCS;
		list[1] = CKM_RSA_X_509;
	}
	*count = 2;
	return CKR_OK;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	(void)slot;
	*info = (CK_MECHANISM_INFO){ 1024, 4096, CKF_SIGN | CKF_DECRYPT };
	return type == CKM_RSA_PKCS || type == CKM_RSA_X_509 ? CKR_OK : CKR_MECHANISM_INVALID;
}

/* --- sessions and the PIN ------------------------------------------------------------------------- */
static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	(void)app, (void)notify;
	if (!is_slot(slot))
		return CKR_SLOT_ID_INVALID;
	if (flags & CKF_RW_SESSION)
		return CKR_TOKEN_WRITE_PROTECTED;
	*session = fault == session_zero ? 0 : SESSION;
	return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
	(void)session;
	operating = searching = logged_in = false;
	return CKR_OK;
}

static CK_RV close_all_sessions(CK_SLOT_ID slot) { return close_session(slot); }

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n)
{
	(void)session;
	if (fault == login_hang)
		hang();
	if (fault == login_odd)
		return CKR_VENDOR_DEFINED | 0x4711;
	if (user != CKU_USER)
		return CKR_USER_TYPE_INVALID;
	if (wrong_pins >= TRIES)
		return CKR_PIN_LOCKED;
	if (n != 6 || memcmp(pin, "123456", 6) != 0) {
		wrong_pins++;
		return CKR_PIN_INCORRECT;
	}
	wrong_pins = 0;
	logged_in = true;
	return CKR_OK;
}

static CK_RV logout(CK_SESSION_HANDLE session)
{
	(void)session;
	logged_in = operating = false;
	return CKR_OK;
}

/* --- objects -------------------------------------------------------------------------------------- */
struct value {
	const void *p;
	size_t      n;
};

/* NULL: the object has no such attribute. */
static const struct value *value_of(CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	static const CK_KEY_TYPE rsa = CKK_RSA;
	static const CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	static struct value v;

	if (o < PRIVATE || o > OBJECTS)
		return NULL;
	switch (type) {
	case CKA_CLASS: v = (struct value){ &classes[o - 1], sizeof classes[0] }; return &v;
	case CKA_TOKEN: v = (struct value){ &yes, 1 }; return &v;
	case CKA_PRIVATE: v = (struct value){ o == PRIVATE ? &yes : &no, 1 }; return &v;
	case CKA_LABEL: v = (struct value){ "hostile-user", 12 }; return &v;
	case CKA_ID: v = (struct value){ "\x01", 1 }; return &v;
	case CKA_CERTIFICATE_TYPE: v = (struct value){ &x509, sizeof x509 }; return o == CERT ? &v : NULL;
	case CKA_VALUE: v = (struct value){ cert, cert_n }; return o == CERT ? &v : NULL;
	default: break;
	}
	if (o == CERT)
		return NULL;
	switch (type) {
	case CKA_KEY_TYPE: v = (struct value){ &rsa, sizeof rsa }; return &v;
	case CKA_MODULUS: v = (struct value){ modulus, modulus_n }; return &v;
	case CKA_PUBLIC_EXPONENT: v = (struct value){ exponent, exponent_n }; return &v;
	case CKA_SIGN: case CKA_DECRYPT: v = (struct value){ o == PRIVATE ? &yes : &no, 1 }; return &v;
	case CKA_ALWAYS_AUTHENTICATE: v = (struct value){ &no, 1 }; return o == PRIVATE ? &v : NULL;
	default: return NULL;
	}
}

static bool matches(CK_OBJECT_HANDLE o, const CK_ATTRIBUTE *filter, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++) {
		const struct value *v = value_of(o, filter[i].type);
		if (!v || v->n != filter[i].ulValueLen || memcmp(v->p, filter[i].pValue, v->n) != 0)
			return false;
	}
	return true;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *filter, CK_ULONG n)
{
	if (session != (fault == session_zero ? 0 : SESSION))
		return CKR_SESSION_HANDLE_INVALID;
	next = end = found;
	for (CK_OBJECT_HANDLE o = PRIVATE; o <= OBJECTS; o++)
		if ((o != PRIVATE || logged_in) && matches(o, filter, n))
			*end++ = o;
	searching = true;
	return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG most, CK_ULONG *n)
{
	(void)session;
	if (!searching)
		return CKR_OPERATION_NOT_INITIALIZED;
	*n = 0;
	if (fault == objects_endless) {
		while (*n < most)
			out[(*n)++] = CERT;
		return CKR_OK;
	}
	while (next < end && *n < most)
		out[(*n)++] = fault == objects_zero ? CK_INVALID_HANDLE : *next++;
	if (fault == objects_zero)
		next = end;
	if (fault == objects_lie)
		*n = most + 1000;
	return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
	(void)session;
	searching = false;
	return CKR_OK;
}

/* One attribute; what is wrong with lengths is wrong here. */
static CK_RV read_value(CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a)
{
	static CK_ULONG grown;
	const struct value *v = value_of(o, a->type);
	CK_ULONG room = a->ulValueLen;

	a->ulValueLen = (CK_ULONG)-1;
	if (!v)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (fault == value_minus)
		return CKR_OK;
	a->ulValueLen = fault == value_huge ? 0x7FFFFFFF : fault == value_grows ? v->n + ++grown
		: fault == value_empty ? 0 : v->n;
	if (!a->pValue)
		return CKR_OK;
	if (room < v->n)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(a->pValue, v->p, fault == value_empty ? 0 : v->n);
	return CKR_OK;
}

static CK_RV get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
{
	CK_RV rv = CKR_OK;

	(void)session;
	if (o < PRIVATE || o > OBJECTS || (o == PRIVATE && !logged_in))
		return CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < n; i++) {
		CK_RV one = read_value(o, &a[i]);
		rv = one != CKR_OK ? one : rv;
	}
	return rv;
}

/* --- signing and decrypting ----------------------------------------------------------------------- */
static CK_RV op_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE o)
{
	(void)session;
	if (!logged_in)
		return CKR_USER_NOT_LOGGED_IN;
	if (o != PRIVATE)
		return CKR_KEY_HANDLE_INVALID;
	mechanism = m->mechanism;
	operating = true;
	return CKR_OK;
}

typedef int starts(EVP_PKEY_CTX *);
typedef int runs(EVP_PKEY_CTX *, unsigned char *, size_t *, const unsigned char *, size_t);

static CK_RV compute(starts *start, runs *run, CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	size_t size = *n;

	int padding = mechanism == CKM_RSA_PKCS ? RSA_PKCS1_PADDING : RSA_NO_PADDING;
	bool good = start(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, padding) == 1 && run(c, out, &size, in, in_n) == 1;
	EVP_PKEY_CTX_free(c);
	*n = size;
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV sign_fault(CK_BYTE *out, CK_ULONG *n)
{
	static bool gone;

	switch (fault) {
	case sign_crash: crash(); break;
	case sign_hang: hang(); break;
	case sign_long: *n = *n + 1000; return CKR_OK;
	case sign_minus: *n = (CK_ULONG)-1; return CKR_OK;
	case sign_nothing: return CKR_OK;
	case sign_wrong: out[*n / 2] ^= 1; return CKR_OK;
	case sign_gone: return CKR_SESSION_HANDLE_INVALID;
	case sign_gone_once:
		if (gone)
			return CKR_OK;
		gone = true;
		close_session(SESSION);
		return CKR_SESSION_HANDLE_INVALID;
	default: break;
	}
	return CKR_OK;
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n)
{
	CK_ULONG room = *n;

	(void)session;
	if (!operating)
		return CKR_OPERATION_NOT_INITIALIZED;
	operating = false;
	if (fault == sign_nothing || fault == sign_long)
		return sign_fault(out, n);
	CK_RV rv = compute(EVP_PKEY_sign_init, EVP_PKEY_sign, in, in_n, out, n);
	if (rv == CKR_OK && *n <= room)
		rv = sign_fault(out, n);
	return rv;
}

static CK_RV decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n)
{
	(void)session;
	if (!operating)
		return CKR_OPERATION_NOT_INITIALIZED;
	operating = false;
	return compute(EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, in, in_n, out, n);
}

/* --- what it cannot do: its token is write-protected ---------------------------------------------- */
static CK_RV init_token(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG n, CK_UTF8CHAR *label)
{
	(void)slot, (void)pin, (void)n, (void)label;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV init_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG n)
{
	(void)session, (void)pin, (void)n;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV set_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_n, CK_UTF8CHAR *new, CK_ULONG new_n)
{
	(void)session, (void)old, (void)old_n, (void)new, (void)new_n;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *o)
{
	(void)session, (void)a, (void)n, (void)o;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o)
{
	(void)session, (void)o;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV set_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a, CK_ULONG n)
{
	(void)session, (void)o, (void)a, (void)n;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG a_n, CK_ATTRIBUTE *b,
	CK_ULONG b_n, CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
	(void)session, (void)m, (void)a, (void)a_n, (void)b, (void)b_n, (void)public, (void)private;
	return CKR_TOKEN_WRITE_PROTECTED;
}

static CK_RV derive(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ATTRIBUTE *a, CK_ULONG n,
	CK_OBJECT_HANDLE *o)
{
	(void)session, (void)m, (void)base, (void)a, (void)n, (void)o;
	return CKR_MECHANISM_INVALID;
}

/* --- the list --------------------------------------------------------------------------------------- */
EXPORT CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	static CK_FUNCTION_LIST functions = {
		.version = { 2, 40 }, .C_Initialize = initialize, .C_Finalize = finalize, .C_GetInfo = get_info,
		.C_GetFunctionList = C_GetFunctionList, .C_GetSlotList = get_slot_list,
		.C_GetSlotInfo = get_slot_info, .C_GetTokenInfo = get_token_info,
		.C_GetMechanismList = get_mechanism_list, .C_GetMechanismInfo = get_mechanism_info,
		.C_InitToken = init_token, .C_InitPIN = init_pin, .C_SetPIN = set_pin,
		.C_OpenSession = open_session, .C_CloseSession = close_session,
		.C_CloseAllSessions = close_all_sessions, .C_Login = login, .C_Logout = logout,
		.C_CreateObject = create, .C_DestroyObject = destroy, .C_GetAttributeValue = get_attribute,
		.C_SetAttributeValue = set_attribute, .C_FindObjectsInit = find_init, .C_FindObjects = find,
		.C_FindObjectsFinal = find_final, .C_SignInit = op_init, .C_Sign = sign, .C_DecryptInit = op_init,
		.C_Decrypt = decrypt, .C_GenerateKeyPair = generate, .C_DeriveKey = derive,
	};

	if (fault == list_holes)
		functions.C_Sign = NULL;
	*list = fault == list_null ? NULL : &functions;
	return CKR_OK;
}
