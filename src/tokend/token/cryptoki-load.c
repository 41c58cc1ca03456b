/* Loading a PKCS#11 module: its hash first, then the library, then C_Initialize, each step with a sentence for
 * the log where it fails. OpenSC gets a configuration of ours, from memory. */
#include "config.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winscard.h>
#include "cryptoki.h"

enum { HASH = 32, PIECE = 65536, FREED = 0xA5, DEPTH = 32768 };

static CK_FUNCTION_LIST_PTR functions;		/* NULL: not loaded yet */

/* --- the file ------------------------------------------------------------------------------------ */
static err hash_file(int fd, char hex[2 * HASH + 1])
{
	static uint8_t piece[PIECE];
	uint8_t md[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	ssize_t n = 0;

	while (good && (n = read(fd, piece, sizeof piece)) > 0)
		good = EVP_DigestUpdate(ctx, piece, (size_t)n) == 1;
	good = good && n == 0 && EVP_DigestFinal_ex(ctx, md, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", good ? md[i] : 0u);
	return good ? OK : FAIL(MODULE_BAD);
}

/* Our own ELF header, which the linker marks. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* ld.so passes a library for another machine over, and then says that there is no such file. */
static err check_machine(const struct module *m, int fd)
{
	ElfW(Ehdr) h;

	if (pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return OK;			/* ld.so says it well */
	if (h.e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
	    h.e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] && h.e_machine == __ehdr_start.e_machine)
		return OK;
	log_line(LOG_ERROR, "module %s: %s is made for another kind of machine", m->name, m->path);
	return FAIL(MODULE_BAD);
}

/* Is the file the one that the configuration means? st: which it was. */
static err check_file(const struct module *m, struct stat *st)
{
	char hex[2 * HASH + 1];
	int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
		log_line(LOG_ERROR, "module %s: %s: %s", m->name, m->path,
		         fd < 0 ? strerror(errno) : "is not a file");
		if (fd >= 0)
			close(fd);
		return FAIL(MODULE_BAD);
	}
	err e = m->sha256 ? hash_file(fd, hex) : OK;
	if (ok(e) && m->sha256 && strcasecmp(hex, m->sha256) != 0) {
		log_line(LOG_ERROR, "module %s: %s changed: its sha256 is %s, the configuration says %s; it is not "
		         "loaded", m->name, m->path, hex, m->sha256);
		e = FAIL(MODULE_CHANGED);
	}
	if (ok(e))
		e = check_machine(m, fd);
	close(fd);
	return e;
}

/* The library by its path, so that it finds what lies beside it; it must be the file that was hashed. */
static err load_file(const struct module *m, CK_C_GetFunctionList *get)
{
	struct stat before, after;

	TRY(check_file(m, &before));
	void *library = dlopen(m->path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		log_line(LOG_ERROR, "module %s: %s", m->name, dlerror());
		return FAIL(MODULE_BAD);
	}
	if (stat(m->path, &after) != 0 || after.st_ino != before.st_ino || after.st_dev != before.st_dev ||
	    after.st_mtim.tv_sec != before.st_mtim.tv_sec || after.st_mtim.tv_nsec != before.st_mtim.tv_nsec) {
		log_line(LOG_ERROR, "module %s: %s was replaced while it was loaded", m->name, m->path);
		return FAIL(MODULE_CHANGED);
	}
	*(void **)get = dlsym(library, "C_GetFunctionList");
	if (*get)
		return OK;
	log_line(LOG_ERROR, "module %s: %s is no PKCS#11 module: it has no C_GetFunctionList", m->name, m->path);
	return FAIL(MODULE_BAD);
}

/* --- OpenSC's configuration (opensc.conf(5)) ------------------------------------------------------ */
/* Every reader but ours: OpenSC looks into each card that it may see, and they are others' affair. */
static void put_ignored(struct buf *b, const char *ours)
{
	SCARDCONTEXT context;
	char *names = NULL;
	DWORD n = SCARD_AUTOALLOCATE;
	const char *comma = "";

	if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS)
		return;
	buf_str(b, "\tignored_readers = ");
	if (SCardListReaders(context, NULL, (LPSTR)&names, &n) == SCARD_S_SUCCESS && names) {
		for (const char *s = names; *s; s += strlen(s) + 1) {
			if (strcmp(s, ours) == 0 || strpbrk(s, "\"\\\n"))
				continue;
			buf_str(b, comma);
			buf_str(b, "\"");
			buf_str(b, s);
			buf_str(b, "\"");
			comma = ", ";
		}
		SCardFreeMemory(context, names);
	}
	buf_str(b, *comma ? ";\n" : "\"no reader is called so\";\n");
	SCardReleaseContext(context);
}

static const char opensc_head[] =
	"app default {\n"
	"\tdebug = 0;\n"
	"\tdisable_popups = true;\n";
static const char opensc_rest[] =
	"\treader_driver pcsc {\n"
	"\t\tconnect_exclusive = false;\n"
	"\t\tdisconnect_action = leave;\n"
	"\t\ttransaction_end_action = leave;\n"
	"\t\treconnect_action = leave;\n"
	"\t\tenable_pinpad = false;\n"
	"\t}\n"
	"\tframework pkcs15 {\n"
	"\t\tuse_file_caching = no;\n"
	"\t\tuse_pin_caching = false;\n"
	"\t\tprivate_certificate = protect;\n"
	"\t\tpkcs11_enable_InitToken = yes;\n"
	"\t}\n"
	"}\n"
	"app opensc-pkcs11 {\n"
	"\tpkcs11 {\n"
	"\t\tmax_virtual_slots = 32;\n"
	"\t\tlock_login = true;\n"
	"\t\tatomic = false;\n"
	"\t\tinit_sloppy = true;\n"
	"\t\tcreate_slots_for_pins = \"all\";\n"
	"\t\tcreate_puk_slot = false;\n"
	"\t\tuser_pin_unblock_style = set_pin_in_unlogged_session;\n"
	"\t}\n"
	"}\n";

/* In memory, so that nobody else's opensc.conf counts and nothing is left behind. */
static err configure_opensc(const char *reader)
{
	static uint8_t room[8192];
	struct buf b = BUF(room);
	char path[64];
	int fd = memfd_create("opensc.conf", 0);

	buf_str(&b, opensc_head);
	if (reader)
		put_ignored(&b, reader);
	buf_str(&b, opensc_rest);
	if (fd < 0 || b.bad || write(fd, b.p, b.n) != (ssize_t)b.n)
		return FAIL(GENERAL);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return setenv("OPENSC_CONF", path, 1) == 0 && unsetenv("OPENSC_DEBUG") == 0 &&
		unsetenv("OPENSC_DRIVER") == 0 ? OK : FAIL(GENERAL);
}

/* --- all of it ----------------------------------------------------------------------------------- */
/* Every function of 2.40 that the driver calls. */
static bool is_complete(CK_FUNCTION_LIST_PTR f)
{
	return f && f->version.major == 2 && f->C_Initialize && f->C_GetSlotList && f->C_GetSlotInfo &&
		f->C_GetTokenInfo && f->C_GetMechanismList && f->C_GetMechanismInfo && f->C_OpenSession &&
		f->C_CloseSession && f->C_CloseAllSessions && f->C_Login && f->C_Logout && f->C_SetPIN &&
		f->C_InitPIN && f->C_InitToken && f->C_FindObjectsInit && f->C_FindObjects &&
		f->C_FindObjectsFinal && f->C_GetAttributeValue && f->C_SetAttributeValue && f->C_CreateObject &&
		f->C_DestroyObject && f->C_SignInit && f->C_Sign && f->C_DecryptInit && f->C_Decrypt &&
		f->C_GenerateKeyPair && f->C_DeriveKey;
}

err cryptoki_load(const struct module *m, const char *reader)
{
	CK_FUNCTION_LIST_PTR list = NULL;
	CK_C_GetFunctionList get;

	if (functions)
		return OK;
	mallopt(M_PERTURB, FREED);	/* what a module frees is overwritten: it may have been a PIN */
	if (m->opensc)
		TRY(configure_opensc(reader));
	TRY(load_file(m, &get));
	CK_RV rv = get(&list);
	if (rv != CKR_OK || !is_complete(list)) {
		log_line(LOG_ERROR, "module %s: C_GetFunctionList gives no whole list of functions (0x%lx)",
		         m->name, rv);
		return FAIL(MODULE_BAD);
	}
	rv = list->C_Initialize(NULL);
	if (rv != CKR_OK) {
		log_line(LOG_ERROR, "module %s: C_Initialize answers 0x%lx", m->name, rv);
		return FAIL(MODULE_BAD);
	}
	functions = list;
	return OK;
}

CK_FUNCTION_LIST_PTR cryptoki_functions(void)
{
	return functions;
}

__attribute__((noinline)) void cryptoki_sweep(void)
{
	uint8_t depth[DEPTH];

	wipe(depth, sizeof depth);
}
