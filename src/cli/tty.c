/* /dev/tty, and getting its echo back whatever happens. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include "tty.h"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };
enum { CAUGHT = sizeof caught / sizeof caught[0] };
static volatile sig_atomic_t came;

static void note_signal(int s) { came = s; }

bool tty_there(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void put(int fd, const char *s)
{
	ssize_t n = write(fd, s, strlen(s));

	(void)n;			/* a prompt that cannot be shown shows in the answer */
}

/* A line from fd; false where it was too long. *end: the input ended or a signal came. */
static bool read_line(int fd, struct secret *out, bool *end)
{
	struct buf b = { .p = out->b, .cap = SECRET_MAX };
	uint8_t ch;

	*end = false;
	for (;;) {
		ssize_t n = read(fd, &ch, 1);

		if (n < 0 && errno == EINTR && !came)
			continue;
		if (n <= 0) {
			*end = true;
			break;
		}
		if (ch == '\n' || ch == '\r')
			break;
		buf_put(&b, (struct span){ &ch, 1 });
	}
	wipe(&ch, 1);
	out->n = b.bad ? 0 : (uint8_t)b.n;
	return !b.bad;
}

/* One question with the signals caught; came tells what interrupted it. */
static err ask_once(int fd, const char *prompt, bool echo, struct secret *out)
{
	struct sigaction old[CAUGHT], catch = { .sa_handler = note_signal };
	struct termios before, during;
	bool end = false, fits = true;

	if (tcgetattr(fd, &before) != 0)
		return FAIL(PIN_NEEDED);
	came = 0;
	sigemptyset(&catch.sa_mask);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &catch, &old[i]);
	during = before;
	during.c_lflag |= ICANON | ISIG | ECHO | ECHONL;
	if (!echo)
		during.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSAFLUSH, &during) == 0) {
		put(fd, prompt);
		fits = read_line(fd, out, &end);
		tcsetattr(fd, TCSAFLUSH, &before);
		if (end)
			put(fd, "\n");
	} else {
		end = true;
	}
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &old[i], NULL);
	if (!fits)
		return FAIL(PIN_LENGTH);
	return end || out->n == 0 ? FAIL(CANCELED) : OK;
}

err tty_ask(const char *prompt, bool echo, struct secret *out)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	err e;

	if (fd < 0)
		return FAIL(PIN_NEEDED);
	do {
		e = ask_once(fd, prompt, echo, out);
		if (came) {
			secret_wipe(out);
			raise(came);		/* returns only for a stop, after the continue */
		}
	} while (came == SIGTSTP || came == SIGTTIN || came == SIGTTOU);
	close(fd);
	return e;
}
