/* ^C while the token does what cannot be stopped. */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "steady.h"

static const int caught[] = { SIGINT, SIGTERM };
enum { CAUGHT = sizeof caught / sizeof caught[0] };
static struct sigaction before[CAUGHT];
static char words[400];			/* made before: a handler may not translate */
static size_t words_n;

static void say_it_goes_on(int s)
{
	int saved = errno;
	ssize_t n = write(STDERR_FILENO, words, words_n);

	(void)s, (void)n;
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
	errno = saved;
}

void steady_begin(void)
{
	struct sigaction catch = { .sa_handler = say_it_goes_on, .sa_flags = SA_RESTART };

	snprintf(words, sizeof words, "\n%s\n",
		 _("The token cannot be stopped; it goes on, and so does this program until it is done. "
		   "Once more, and the program alone ends."));
	words_n = strlen(words);
	sigemptyset(&catch.sa_mask);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaddset(&catch.sa_mask, caught[i]);
	for (size_t i = 0; i < CAUGHT; i++) {
		sigaction(caught[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(caught[i], &catch, NULL);
	}
}

void steady_end(void)
{
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &before[i], NULL);
}
