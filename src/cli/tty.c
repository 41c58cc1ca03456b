/* /dev/tty, and getting its echo back whatever happens. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* Waits until fd can be read, with the signals let in that ask_once holds back, here alone: one that
 * came a moment before cannot be missed. */
static bool readable(int fd, const sigset_t *let)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = came ? -1 : ppoll(&p, 1, NULL, let);
	while (n < 0 && errno == EINTR && !came);
	return n > 0;
}

/* A line from fd; false where it was too long. *end: the input ended or a signal came. */
static bool read_line(int fd, const sigset_t *let, struct secret *out, bool *end)
{
	struct buf b = { .p = out->b, .cap = SECRET_MAX };
	uint8_t ch;

	*end = false;
	for (;;) {
		ssize_t n = readable(fd, let) ? read(fd, &ch, 1) : 0;

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
	sigset_t held, let;

	if (tcgetattr(fd, &before) != 0)
		return FAIL(PIN_NEEDED);
	came = 0;
	sigemptyset(&catch.sa_mask);
	sigemptyset(&held);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], &catch, &old[i]);
		/* these two come of our own reading and writing, and are what stops us there */
		if (caught[i] != SIGTTIN && caught[i] != SIGTTOU)
			sigaddset(&held, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &let);
	during = before;
	during.c_lflag |= ICANON | ISIG | ECHO | ECHONL;
	if (!echo)
		during.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(fd, TCSAFLUSH, &during) == 0) {
		put(fd, prompt);
		fits = read_line(fd, &let, out, &end);
		tcsetattr(fd, TCSAFLUSH, &before);
		if (end)
			put(fd, "\n");
	} else {
		end = true;
	}
	sigprocmask(SIG_SETMASK, &let, NULL);	/* one that comes only now is noted as well */
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
