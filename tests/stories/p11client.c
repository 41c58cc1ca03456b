/* A program that uses a PKCS#11 module as it is told on stdin: one command a line, one answer a line
 * ("CKR_OK 3", "CKR_PIN_INCORRECT"). With it a story has several programs act in a given order. */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "client.h"

enum { SIGNATURE_MOST = 1024, SESSIONS = 64, ID_MOST = 32 };

CK_FUNCTION_LIST_PTR p11;
CK_SESSION_HANDLE session;
CK_OBJECT_HANDLE found;
char beside[BESIDE];
static CK_SESSION_HANDLE opened[SESSIONS];
static unsigned opened_n;

/* --- names ------------------------------------------------------------------------------------- */

static const struct { CK_RV rv; const char *name; } results[] = {
#define R(name) { name, #name },
	R(CKR_OK) R(CKR_CANCEL) R(CKR_HOST_MEMORY) R(CKR_SLOT_ID_INVALID) R(CKR_GENERAL_ERROR)
	R(CKR_FUNCTION_FAILED) R(CKR_ARGUMENTS_BAD) R(CKR_NO_EVENT) R(CKR_CANT_LOCK)
	R(CKR_ATTRIBUTE_TYPE_INVALID) R(CKR_DATA_INVALID) R(CKR_DATA_LEN_RANGE)
	R(CKR_DEVICE_ERROR) R(CKR_DEVICE_MEMORY)
	R(CKR_DEVICE_REMOVED) R(CKR_FUNCTION_CANCELED) R(CKR_FUNCTION_NOT_SUPPORTED)
	R(CKR_KEY_HANDLE_INVALID) R(CKR_KEY_FUNCTION_NOT_PERMITTED) R(CKR_MECHANISM_INVALID)
	R(CKR_OBJECT_HANDLE_INVALID) R(CKR_OPERATION_ACTIVE) R(CKR_OPERATION_NOT_INITIALIZED)
	R(CKR_PIN_INCORRECT) R(CKR_PIN_INVALID) R(CKR_PIN_LEN_RANGE) R(CKR_PIN_LOCKED)
	R(CKR_SESSION_CLOSED) R(CKR_SESSION_COUNT) R(CKR_SESSION_HANDLE_INVALID)
	R(CKR_SESSION_READ_ONLY) R(CKR_TOKEN_NOT_PRESENT) R(CKR_TOKEN_NOT_RECOGNIZED)
	R(CKR_TOKEN_WRITE_PROTECTED) R(CKR_USER_ALREADY_LOGGED_IN) R(CKR_USER_NOT_LOGGED_IN)
	R(CKR_USER_TYPE_INVALID) R(CKR_USER_ANOTHER_ALREADY_LOGGED_IN) R(CKR_BUFFER_TOO_SMALL)
	R(CKR_CRYPTOKI_NOT_INITIALIZED) R(CKR_CRYPTOKI_ALREADY_INITIALIZED) R(CKR_FUNCTION_REJECTED)
	R(CKR_ACTION_PROHIBITED) R(CKR_ATTRIBUTE_READ_ONLY) R(CKR_ATTRIBUTE_SENSITIVE)
	R(CKR_ATTRIBUTE_VALUE_INVALID) R(CKR_CURVE_NOT_SUPPORTED) R(CKR_KEY_SIZE_RANGE)
	R(CKR_TEMPLATE_INCOMPLETE) R(CKR_TEMPLATE_INCONSISTENT) R(CKR_USER_PIN_NOT_INITIALIZED)
	R(CKR_SESSION_EXISTS) R(CKR_SESSION_READ_ONLY_EXISTS) R(CKR_SESSION_READ_WRITE_SO_EXISTS)
#undef R
};

static const struct { const char *name; CK_MECHANISM_TYPE type; } mechanisms[] = {
	{ "rsa", CKM_SHA256_RSA_PKCS }, { "rsa-raw", CKM_RSA_PKCS }, { "ecdsa", CKM_ECDSA },
};

static const struct { const char *name; CK_OBJECT_CLASS class; } classes[] = {
	{ "private", CKO_PRIVATE_KEY }, { "public", CKO_PUBLIC_KEY }, { "certificate", CKO_CERTIFICATE },
};

static const struct { const char *name; CK_USER_TYPE user; } users[] = {
	{ "user", CKU_USER }, { "so", CKU_SO }, { "context", CKU_CONTEXT_SPECIFIC },
};

#define LOOK_UP(table, word, field, out) do { \
	size_t i_ = 0; \
	while (i_ < COUNT(table) && strcmp((table)[i_].name, (word))) \
		i_++; \
	if (i_ == COUNT(table)) \
		return CKR_ARGUMENTS_BAD; \
	(out) = (table)[i_].field; \
} while (0)

static const char *result_name(CK_RV rv)
{
	static char number[24];

	for (size_t i = 0; i < COUNT(results); i++)
		if (results[i].rv == rv)
			return results[i].name;
	snprintf(number, sizeof number, "CKR_0x%lX", rv);
	return number;
}

/* --- commands ------------------------------------------------------------------------------------ */

/* Is this the label, which is padded with blanks? In a command a blank is written "_". */
static bool has_label(const CK_TOKEN_INFO *info, const char *label)
{
	size_t i = 0, n = strlen(label);

	for (; i < sizeof info->label && (i < n ? label[i] == '_' || info->label[i] == label[i]
	                                         : info->label[i] == ' '); i++)
		;
	return i == sizeof info->label;
}

/* The first slot whose token has this label, or any label where none is given. */
static CK_RV find_slot(const char *label, CK_SLOT_ID *slot)
{
	CK_SLOT_ID list[32];
	CK_ULONG n = COUNT(list);
	CK_TOKEN_INFO info;
	CK_RV rv = p11->C_GetSlotList(CK_TRUE, list, &n);

	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		if (p11->C_GetTokenInfo(list[i], &info) != CKR_OK)
			continue;
		*slot = list[i];
		if (!*label || has_label(&info, label))
			return CKR_OK;
	}
	return rv == CKR_OK ? CKR_TOKEN_NOT_PRESENT : rv;
}

static CK_RV do_init(char *w[WORDS])
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };

	(void)w;
	return p11->C_Initialize(&args);
}

static CK_RV do_finalize(char *w[WORDS])
{
	(void)w;
	session = 0;
	opened_n = 0;
	return p11->C_Finalize(NULL);
}

static CK_RV do_open(char *w[WORDS])
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (strcmp(w[1], "rw") ? 0 : CKF_RW_SESSION);
	CK_SLOT_ID slot = 0;
	CK_RV rv = find_slot(w[2], &slot);

	if (rv == CKR_OK)
		rv = p11->C_OpenSession(slot, flags, NULL, NULL, &session);
	if (rv == CKR_OK && opened_n < SESSIONS)
		opened[opened_n++] = session;
	return rv;
}

/* use N: what follows is for the N-th session that was opened. */
static CK_RV do_use(char *w[WORDS])
{
	unsigned long n = strtoul(w[1], NULL, 10);

	if (n < 1 || n > opened_n)
		return CKR_ARGUMENTS_BAD;
	session = opened[n - 1];
	return CKR_OK;
}

static CK_RV do_close(char *w[WORDS])
{
	(void)w;
	return p11->C_CloseSession(session);
}

static CK_RV do_login(char *w[WORDS])
{
	CK_USER_TYPE user;

	LOOK_UP(users, *w[2] ? w[2] : "user", user, user);
	bool none = strcmp(w[1], "-") == 0;	/* our dialog is to ask */
	return p11->C_Login(session, user, none ? NULL : (CK_UTF8CHAR_PTR)w[1], none ? 0 : strlen(w[1]));
}

static CK_RV do_logout(char *w[WORDS])
{
	(void)w;
	return p11->C_Logout(session);
}

static CK_RV do_setpin(char *w[WORDS])
{
	return p11->C_SetPIN(session, (CK_UTF8CHAR_PTR)w[1], strlen(w[1]), (CK_UTF8CHAR_PTR)w[2], strlen(w[2]));
}

static CK_RV do_initpin(char *w[WORDS])
{
	return p11->C_InitPIN(session, (CK_UTF8CHAR_PTR)w[1], strlen(w[1]));
}

/* inittoken SO-PIN NEW-LABEL: the first token there is. */
static CK_RV do_inittoken(char *w[WORDS])
{
	CK_UTF8CHAR label[32];
	CK_SLOT_ID slot = 0;
	CK_RV rv = find_slot("", &slot);

	memset(label, ' ', sizeof label);
	memcpy(label, w[2], strlen(w[2]) < sizeof label ? strlen(w[2]) : sizeof label);
	return rv == CKR_OK ? p11->C_InitToken(slot, (CK_UTF8CHAR_PTR)w[1], strlen(w[1]), label) : rv;
}

static CK_RV do_state(char *w[WORDS])
{
	CK_SESSION_INFO info = { 0 };
	CK_RV rv = p11->C_GetSessionInfo(session, &info);

	(void)w;
	snprintf(beside, sizeof beside, "%lu", info.state);
	return rv;
}

/* What the token's flags say of the PIN: low, final, locked, change, unset. */
static CK_RV do_pin(char *w[WORDS])
{
	CK_SLOT_ID slot = 0;
	CK_TOKEN_INFO info = { 0 };
	CK_RV rv = find_slot(w[1], &slot);

	if (rv == CKR_OK)
		rv = p11->C_GetTokenInfo(slot, &info);
	snprintf(beside, sizeof beside, "%s%s%s%s%s%s%s",
		info.flags & CKF_PROTECTED_AUTHENTICATION_PATH ? "asked " : "",
		info.flags & CKF_LOGIN_REQUIRED ? "" : "no-login ", info.flags & CKF_USER_PIN_COUNT_LOW ? "low " : "",
		info.flags & CKF_USER_PIN_FINAL_TRY ? "final " : "",
		info.flags & CKF_USER_PIN_LOCKED ? "locked " : "",
		info.flags & CKF_USER_PIN_TO_BE_CHANGED ? "change " : "",
		info.flags & CKF_USER_PIN_INITIALIZED ? "" : "unset ");
	return rv;
}

CK_RV find(const char *class_name, const char *name, CK_OBJECT_HANDLE *object)
{
	CK_OBJECT_CLASS class;
	CK_ATTRIBUTE filter[] = {
		{ CKA_CLASS, &class, sizeof class }, { CKA_LABEL, (void *)(uintptr_t)name, strlen(name) },
	};
	CK_BYTE id[ID_MOST];
	CK_ULONG n = 0;
	CK_RV rv;

	*object = found;
	if (!strcmp(name, "-"))
		return CKR_OK;
	LOOK_UP(classes, class_name, class, class);
	if (strncmp(name, "id:", 3) == 0) {		/* in hex; the word for labels with blanks too */
		while (n < sizeof id && sscanf(name + 3 + 2 * n, "%2hhx", &id[n]) == 1)
			n++;
		filter[1] = (CK_ATTRIBUTE){ CKA_ID, id, n };
		n = 0;
	}
	rv = p11->C_FindObjectsInit(session, filter, *name ? 2 : 1);
	if (rv != CKR_OK)
		return rv;
	rv = p11->C_FindObjects(session, object, 1, &n);
	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(session);
	if (n)
		found = *object;
	return rv == CKR_OK && !n ? CKR_OBJECT_HANDLE_INVALID : rv;
}

static CK_RV do_find(char *w[WORDS])
{
	CK_OBJECT_HANDLE object = 0;

	return find(w[1], w[2], &object);
}

/* The value of every certificate, as programs read it: its length first. Says how many and all bytes. */
static CK_RV do_certificates(char *w[WORDS])
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE filter = { CKA_CLASS, &class, sizeof class };
	CK_BYTE value[MESSAGE_MOST];
	CK_OBJECT_HANDLE objects[64];
	CK_ULONG n = 0, bytes = 0;
	CK_RV rv = p11->C_FindObjectsInit(session, &filter, 1);

	(void)w;
	if (rv == CKR_OK)
		rv = p11->C_FindObjects(session, objects, COUNT(objects), &n);
	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(session);
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++) {
		CK_ATTRIBUTE a = { CKA_VALUE, NULL, 0 };
		rv = p11->C_GetAttributeValue(session, objects[i], &a, 1);
		if (rv == CKR_OK && a.ulValueLen > sizeof value)
			rv = CKR_BUFFER_TOO_SMALL;
		a.pValue = value;
		if (rv == CKR_OK)
			rv = p11->C_GetAttributeValue(session, objects[i], &a, 1);
		bytes += rv == CKR_OK ? a.ulValueLen : 0;
	}
	snprintf(beside, sizeof beside, "%lu %lu", n, bytes);
	return rv;
}

static CK_RV sign_once(const char *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *n)
{
	CK_BYTE message[] = "abcdefghijklmnopqrstuvwxyz012345";
	CK_MECHANISM m = { 0 };
	CK_RV rv;

	LOOK_UP(mechanisms, mechanism, type, m.mechanism);
	rv = p11->C_SignInit(session, &m, key);
	if (rv == CKR_OK)
		rv = p11->C_Sign(session, message, 32, out, n);
	if (rv == CKR_USER_NOT_LOGGED_IN)	/* the operation lives on: not in this client */
		p11->C_SignInit(session, NULL, 0);
	return rv;
}

/* sign MECHANISM LABEL [FILE]: the message is the 32 bytes above; the signature goes to FILE. */
static CK_RV do_sign(char *w[WORDS])
{
	CK_BYTE signature[SIGNATURE_MOST];
	CK_ULONG n = sizeof signature;
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = find("private", w[2], &key);
	FILE *f;

	if (rv == CKR_OK)
		rv = sign_once(w[1], key, signature, &n);
	if (rv != CKR_OK || !*w[3])
		return rv;
	f = fopen(w[3], "wb");
	if (!f || fwrite(signature, 1, n, f) != n || fclose(f))
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

/* The same operation in its two halves, so that a story can have something happen in between. */
static CK_RV do_sign_init(char *w[WORDS])
{
	CK_OBJECT_HANDLE key = 0;
	CK_MECHANISM m = { 0 };
	CK_RV rv = find("private", w[2], &key);

	LOOK_UP(mechanisms, w[1], type, m.mechanism);
	return rv == CKR_OK ? p11->C_SignInit(session, &m, key) : rv;
}

static CK_RV do_sign_final(char *w[WORDS])
{
	CK_BYTE message[] = "abcdefghijklmnopqrstuvwxyz012345", signature[SIGNATURE_MOST];
	CK_ULONG n = sizeof signature;

	(void)w;
	return p11->C_Sign(session, message, 32, signature, &n);
}

/* sign-bytes CHARACTER COUNT [FILE]: C_Sign over so many of them; the signature goes to FILE. */
static CK_RV do_sign_bytes(char *w[WORDS])
{
	CK_BYTE signature[SIGNATURE_MOST];
	CK_ULONG n = sizeof signature, count = strtoul(w[2], NULL, 10);
	CK_BYTE *data = malloc(count + 1);
	FILE *f;

	if (!data)
		return CKR_HOST_MEMORY;
	memset(data, w[1][0], count);
	CK_RV rv = p11->C_Sign(session, data, count, signature, &n);
	free(data);
	if (rv != CKR_OK || !*w[3])
		return rv;
	f = fopen(w[3], "wb");
	if (!f || fwrite(signature, 1, n, f) != n || fclose(f) != 0)
		return CKR_GENERAL_ERROR;
	return rv;
}

/* PKCS#11 3.0, 5.13.1: a mechanism that is NULL ends the operation. */
static CK_RV do_sign_cancel(char *w[WORDS])
{
	(void)w;
	return p11->C_SignInit(session, NULL, 0);
}

/* signs MECHANISM LABEL COUNT: until the first failure; says how many succeeded and how many
 * milliseconds the slowest call took. */
static CK_RV do_signs(char *w[WORDS])
{
	CK_BYTE signature[SIGNATURE_MOST];
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = find("private", w[2], &key);
	int64_t slowest = 0;
	long done = 0;

	while (rv == CKR_OK && done < atol(w[3])) {
		CK_ULONG n = sizeof signature;
		struct timespec a, b;
		int64_t took;

		clock_gettime(CLOCK_MONOTONIC, &a);
		rv = sign_once(w[1], key, signature, &n);
		clock_gettime(CLOCK_MONOTONIC, &b);
		took = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
		slowest = took > slowest ? took : slowest;
		done += rv == CKR_OK;
	}
	snprintf(beside, sizeof beside, "%ld %" PRId64, done, slowest);
	return rv;
}

/* signs-every MILLISECONDS MECHANISM LABEL COUNT; says the same. */
static CK_RV do_signs_every(char *w[WORDS])
{
	struct timespec pause = { atol(w[1]) / 1000, atol(w[1]) % 1000 * 1000000 };
	char one[] = "1", *each[WORDS] = { w[0], w[2], w[3], one };
	long wanted = atol(w[4]), done = 0, slowest = 0;
	CK_RV rv = CKR_OK;

	for (; rv == CKR_OK && done < wanted; done += rv == CKR_OK) {
		long n, took = 0;

		rv = do_signs(each);
		if (sscanf(beside, "%ld %ld", &n, &took) == 2 && took > slowest)
			slowest = took;
		nanosleep(&pause, NULL);
	}
	snprintf(beside, sizeof beside, "%ld %ld", done, slowest);
	return rv;
}

static CK_RV do_decrypt_init(char *w[WORDS])
{
	CK_MECHANISM m = { .mechanism = CKM_RSA_PKCS };
	CK_OBJECT_HANDLE key = 0;
	CK_RV rv = find("private", w[1], &key);

	return rv == CKR_OK ? p11->C_DecryptInit(session, &m, key) : rv;
}

static void *decrypt_final(void *rv)
{
	CK_BYTE in[256] = { 0 }, out[256];
	CK_ULONG n = sizeof out;

	in[255] = 2;
	*(CK_RV *)rv = p11->C_Decrypt(session, in, sizeof in, out, &n);
	return NULL;
}

/* A signature and a decryption that were begun in one session end at the same moment; the first failure
 * that is not about the data. */
static CK_RV do_both_final(char *w[WORDS])
{
	CK_RV other = CKR_OK, rv;
	pthread_t thread;

	if (pthread_create(&thread, NULL, decrypt_final, &other))
		return CKR_HOST_MEMORY;
	rv = do_sign_final(w);
	pthread_join(thread, NULL);
	snprintf(beside, sizeof beside, "sign %s, decrypt 0x%lX", result_name(rv), other);
	return rv == CKR_OK && other == CKR_USER_NOT_LOGGED_IN ? other : rv;
}

/* Waits for a token to come or go; says which slot. */
static CK_RV do_wait(char *w[WORDS])
{
	CK_SLOT_ID slot = 0;
	CK_RV rv = p11->C_WaitForSlotEvent(strcmp(w[1], "not") ? 0 : CKF_DONT_BLOCK, &slot, NULL);

	snprintf(beside, sizeof beside, "%lu", slot);
	return rv;
}

static CK_RV do_slots(char *w[WORDS])
{
	CK_SLOT_ID list[32];
	CK_ULONG n = COUNT(list);
	CK_RV rv = p11->C_GetSlotList(strcmp(w[1], "all") ? CK_TRUE : CK_FALSE, list, &n);

	snprintf(beside, sizeof beside, "%lu", n);
	return rv;
}

static const struct { const char *name; CK_RV (*run)(char *w[WORDS]); } commands[] = {
	{ "init", do_init }, { "finalize", do_finalize }, { "open", do_open },
	{ "close", do_close }, { "login", do_login }, { "logout", do_logout },
	{ "state", do_state }, { "pin", do_pin }, { "find", do_find }, { "sign", do_sign },
	{ "sign-init", do_sign_init }, { "sign-final", do_sign_final },
	{ "sign-bytes", do_sign_bytes }, { "sign-cancel", do_sign_cancel }, { "signs", do_signs },
	{ "signs-every", do_signs_every }, { "decrypt-init", do_decrypt_init },
	{ "both-final", do_both_final }, { "wait", do_wait }, { "slots", do_slots },
	{ "use", do_use }, { "setpin", do_setpin }, { "initpin", do_initpin },
	{ "inittoken", do_inittoken }, { "certificates", do_certificates },
	{ "create", do_create }, { "copy", do_copy }, { "set", do_set },
	{ "destroy", do_destroy }, { "get", do_get }, { "search", do_search },
	{ "generate", do_generate }, { "derive", do_derive },
};

static CK_RV obey(char *line)
{
	static char nothing[] = "";
	char *w[WORDS], *rest = line;
	CK_RV (*run)(char **);

	for (int i = 0; i < WORDS; i++)
		w[i] = rest ? strsep(&rest, " ") : nothing;
	LOOK_UP(commands, w[0], run, run);
	return run(w);
}

int main(int argc, char **argv)
{
	CK_C_GetFunctionList get = NULL;
	const char *path = argc > 1 ? argv[1] : getenv("P11_MODULE");
	void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	char line[MESSAGE_MOST];

	if (module)
		get = (CK_C_GetFunctionList)(uintptr_t)dlsym(module, "C_GetFunctionList");
	if (!get || get(&p11) != CKR_OK) {
		fprintf(stderr, "p11client: no module: %s\n", path ? dlerror() : "P11_MODULE is not set");
		return 1;
	}
	setvbuf(stdin, NULL, _IONBF, 0);	/* what holds a PIN is `line` alone, and that not for long */
	while (fgets(line, sizeof line, stdin)) {
		CK_RV rv;

		line[strcspn(line, "\n")] = '\0';
		*beside = '\0';
		rv = obey(line);
		explicit_bzero(line, sizeof line);
		printf("%s%s%s\n", result_name(rv), *beside ? " " : "", beside);
		fflush(stdout);
	}
	dlclose(module);
	return 0;
}
