/* Line breaks between words. */
#include "config.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lib/utf8.h"
#include "wrap.h"

size_t wrap_width(FILE *f)
{
	struct winsize w;

	return isatty(fileno(f)) && ioctl(fileno(f), TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

void wrap(FILE *f, const char *text, size_t width)
{
	size_t column = 0;

	if (!width) {
		fputs(text, f);
		return;
	}
	while (*text) {
		size_t blanks = strspn(text, " "), word = strcspn(text + blanks, " \n");
		size_t wide = utf8_count((struct span){ (const uint8_t *)text + blanks, word });

		if (wide == SIZE_MAX)
			wide = word;
		if (column && column + blanks + wide > width) {
			fputc('\n', f);
			column = 0;
		} else {
			fwrite(text, 1, blanks, f);
			column += blanks;
		}
		fwrite(text + blanks, 1, word, f);
		column += wide;
		text += blanks + word;
		if (*text == '\n') {
			fputc(*text++, f);
			column = 0;
		}
	}
}
