/* calls MODULE PIN [FILE]: how long calls take that need no card, in turn with a bare round trip over a
 * Unix socket; with FILE: how long its signature takes, given in parts. One line each: name, ns. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "program.h"

enum { ROUNDS = 41, BATCH = 500, PING = 64, STARTS = 51, TIMES = 7, PART = 65536 };

static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE certificate;
static int echo_fd;

/* --- what is measured ------------------------------------------------------------------------- */

static void bare(void)
{
	char ping[PING] = "", pong[PING];

	if (send(echo_fd, ping, sizeof ping, 0) != PING || recv(echo_fd, pong, sizeof pong, 0) != PING)
		must(CKR_GENERAL_ERROR, "a round trip");
}

static void session_info(void)
{
	CK_SESSION_INFO info;

	must(p11->C_GetSessionInfo(session, &info), "C_GetSessionInfo");
}

static void slot_info(void)
{
	CK_SLOT_INFO info;

	must(p11->C_GetSlotInfo(slot, &info), "C_GetSlotInfo");
}

static void token_info(void)
{
	CK_TOKEN_INFO info;

	must(p11->C_GetTokenInfo(slot, &info), "C_GetTokenInfo");
}

static void find_objects(void)
{
	program_find(session, CKO_CERTIFICATE, 0);
}

static void value(void)
{
	CK_BYTE room[4096];
	CK_ATTRIBUTE a = { CKA_VALUE, room, sizeof room };

	must(p11->C_GetAttributeValue(session, certificate, &a, 1), "C_GetAttributeValue");
}

static void label(void)
{
	CK_BYTE room[256];
	CK_ATTRIBUTE a = { CKA_LABEL, room, sizeof room };

	must(p11->C_GetAttributeValue(session, certificate, &a, 1), "C_GetAttributeValue");
}

static const struct row { const char *name; void (*run)(void); } rows[] = {
	{ "bare", bare }, { "C_GetSessionInfo", session_info }, { "C_GetSlotInfo", slot_info },
	{ "C_GetTokenInfo", token_info }, { "C_FindObjects-triple", find_objects },
	{ "C_GetAttributeValue-label", label }, { "C_GetAttributeValue-certificate", value },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* --- how ----------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void say(const char *name, int64_t *times, size_t n)
{
	qsort(times, n, sizeof *times, by_size);
	printf("%s %lld\n", name, (long long)times[n / 2]);
}

/* The other end: gives back what it gets. */
static void start_echo(void)
{
	char bytes[PING];
	int fd[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		exit(1);
	echo_fd = fd[0];
	if (fork())
		return;
	close(fd[0]);
	while ((n = recv(fd[1], bytes, sizeof bytes, 0)) > 0)
		if (send(fd[1], bytes, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	_exit(0);
}

/* Batches of each by turns, so that all see the machine in the same moods. */
static void measure_calls(void)
{
	static int64_t took[ROWS][ROUNDS];

	for (size_t round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ROWS; i++) {
			int64_t start = now_ns();
			for (int n = 0; n < BATCH; n++)
				rows[i].run();
			took[i][round] = (now_ns() - start) / BATCH;
		}
	for (size_t i = 0; i < ROWS; i++)
		say(rows[i].name, took[i], ROUNDS);
}

static void measure_start(void)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	int64_t took[STARTS], listed[STARTS];

	for (size_t i = 0; i < STARTS; i++) {
		CK_ULONG n;
		int64_t start = now_ns();
		must(p11->C_Initialize(&args), "C_Initialize");
		took[i] = now_ns() - start;
		must(p11->C_GetSlotList(CK_TRUE, NULL, &n), "C_GetSlotList");
		listed[i] = now_ns() - start;
		must(p11->C_Finalize(NULL), "C_Finalize");
	}
	int64_t first = took[0];
	say("C_Initialize", took, STARTS);
	say("C_Initialize-first", &first, 1);
	say("C_Initialize-slowest", &took[STARTS - 1], 1);
	say("C_Initialize-and-C_GetSlotList", listed, STARTS);
	must(p11->C_Initialize(&args), "C_Initialize");
}

/* part: how much a C_SignUpdate gets; 0: all at once. */
static int64_t sign(CK_OBJECT_HANDLE key, CK_BYTE *p, size_t n, size_t part)
{
	CK_MECHANISM m = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_BYTE out[512];
	CK_ULONG out_n = sizeof out;
	int64_t start = now_ns();

	must(p11->C_SignInit(session, &m, key), "C_SignInit");
	for (size_t at = 0; at < n; at += part)
		must(p11->C_SignUpdate(session, p + at, n - at < part ? n - at : part), "C_SignUpdate");
	must(p11->C_SignFinal(session, out, &out_n), "C_SignFinal");
	return now_ns() - start;
}

static void measure_hash(const char *path)
{
	int64_t whole[TIMES], parts[TIMES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		must(CKR_GENERAL_ERROR, path);
	size_t n = (size_t)st.st_size;
	CK_BYTE *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		must(CKR_HOST_MEMORY, path);
	CK_OBJECT_HANDLE key = program_find(session, CKO_PRIVATE_KEY, 1);
	for (size_t i = 0; i < TIMES; i++) {
		whole[i] = sign(key, p, n, n);
		parts[i] = sign(key, p, n, PART);
	}
	say("C_SignUpdate-whole", whole, TIMES);
	say("C_SignUpdate-parts", parts, TIMES);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	program_load(argv[1]);
	start_echo();
	measure_start();
	session = program_open(&slot);
	must(p11->C_Login(session, CKU_USER, (CK_BYTE *)argv[2], strlen(argv[2])), "C_Login");
	certificate = program_find(session, CKO_CERTIFICATE, 0);
	if (argc > 3)
		measure_hash(argv[3]);
	else
		measure_calls();
	return 0;
}
