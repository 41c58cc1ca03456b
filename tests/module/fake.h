/* A broker without cards, in a process of its own: canned tokens, orders from the test. */
#ifndef BSRE_TEST_FAKE_H
#define BSRE_TEST_FAKE_H
#include <stdbool.h>
#include <sys/types.h>

struct fake { pid_t pid; int orders; };

/* The objects of each token. Keys sign 256 bytes, decrypt to "plain", with PIN 123456. */
enum {
	FAKE_CERT = 1, FAKE_PUBLIC, FAKE_PRIVATE,
	FAKE_ALWAYS,			/* a private key that wants a context login each time */
	FAKE_STUCK,			/* a private key that never answers */
	FAKE_OBJECTS
};

/* Listens at `path` when it returns. */
struct fake fake_start(const char *path);

/* Orders: "plug SERIAL", "pull SERIAL" -> 0; "count CALL" -> how often that call came (its number);
 * "bytes" -> how many OpUpdate brought. */
long fake_order(struct fake *f, const char *order);

/* kill -9, and gone. */
void fake_kill(struct fake *f);
#endif
