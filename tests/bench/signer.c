/* signer MODULE PIN ID: logs in, says "ready", and when its stdin ends signs with the key until it is
 * killed. A line for each signature: when it was done and how long it took, in ns. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "program.h"

/* Prints by write(): what was said before a kill is not lost in a buffer. */
static void say(const char *line)
{
	size_t n = strlen(line);

	if (write(STDOUT_FILENO, line, n) != (ssize_t)n)
		exit(1);
}

static void sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE digest[32] = "abcdefghijklmnopqrstuvwxyz01234", out[512];
	CK_ULONG n = sizeof out;
	char line[64];
	int64_t start = now_ns();

	must(p11->C_SignInit(session, &m, key), "C_SignInit");
	must(p11->C_Sign(session, digest, sizeof digest, out, &n), "C_Sign");
	int64_t end = now_ns();
	snprintf(line, sizeof line, "%lld %lld\n", (long long)end, (long long)(end - start));
	say(line);
}

int main(int argc, char **argv)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_SLOT_ID slot;
	char byte;

	if (argc != 4)
		return 64;
	program_load(argv[1]);
	must(p11->C_Initialize(&args), "C_Initialize");
	CK_SESSION_HANDLE session = program_open(&slot);
	must(p11->C_Login(session, CKU_USER, (CK_BYTE *)argv[2], strlen(argv[2])), "C_Login");
	CK_OBJECT_HANDLE key = program_find(session, CKO_PRIVATE_KEY, (CK_BYTE)strtoul(argv[3], NULL, 16));
	say("ready\n");
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (;;)
		sign(session, key);
}
