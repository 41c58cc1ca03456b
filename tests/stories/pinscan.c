/* pinscan PID...: counts the copies of the PIN (read from standard input) in each process's writable
 * memory, a line each: PID COPIES. Needs root, since the daemon's processes cannot be traced. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIN_MAX = 32, WINDOW = 1 << 16 };

/* The PIN is kept masked, so that this process does not count itself. */
static unsigned char masked[PIN_MAX];
static size_t pin_n;

static unsigned long matches(const unsigned char *p, size_t n)
{
	unsigned long found = 0;

	for (size_t i = 0; i + pin_n <= n; i++) {
		size_t k = 0;
		while (k < pin_n && (unsigned char)(p[i + k] ^ 0x5A) == masked[k])
			k++;
		found += k == pin_n;
	}
	return found;
}

/* One mapping; windows overlap by a PIN less one byte. What the kernel does not let be read (memfd_secret)
 * holds nothing that could leak. */
static unsigned long scan_range(int mem, unsigned long from, unsigned long to)
{
	static unsigned char window[WINDOW];
	unsigned long found = 0;

	for (unsigned long at = from; at < to; at += WINDOW - (pin_n - 1)) {
		size_t want = to - at < WINDOW ? to - at : WINDOW;
		ssize_t n = pread(mem, window, want, (off_t)at);
		if (n > 0)
			found += matches(window, (size_t)n);
		if (want < WINDOW)
			break;
	}
	explicit_bzero(window, sizeof window);
	return found;
}

static int scan(const char *pid)
{
	char path[64], line[512], mode[8];
	unsigned long from, to, found = 0;

	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	int mem = open(path, O_RDONLY);
	snprintf(path, sizeof path, "/proc/%s/maps", pid);
	FILE *maps = fopen(path, "r");
	if (mem < 0 || !maps) {
		fprintf(stderr, "pinscan: %s cannot be read\n", pid);
		return 1;
	}
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[1] == 'w')
			found += scan_range(mem, from, to);
	fclose(maps);
	close(mem);
	printf("%s %lu\n", pid, found);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char pin[PIN_MAX];
	ssize_t n = read(STDIN_FILENO, pin, sizeof pin);
	int rc = 0;

	while (n > 0 && pin[n - 1] == '\n')
		n--;
	if (n < 4 || argc < 2) {
		fprintf(stderr, "usage: pinscan PID... < PIN\n");
		return 64;
	}
	for (pin_n = 0; pin_n < (size_t)n; pin_n++)
		masked[pin_n] = pin[pin_n] ^ 0x5A;
	explicit_bzero(pin, sizeof pin);
	for (int i = 1; i < argc; i++)
		rc |= scan(argv[i]);
	return rc;
}
