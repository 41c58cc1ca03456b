/* A main for fuzz targets that are built without libFuzzer: runs the files named, or else every file
 * of the target's corpus, once. */
#include "config.h"
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { INPUT_MAX = 1 << 20 };

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(INPUT_MAX);

	if (!f || !bytes) {
		perror(path);
		exit(1);
	}
	size_t n = fread(bytes, 1, INPUT_MAX, f);
	fclose(f);
	/* an allocation of just that length, so that a sanitizer sees one byte too far */
	uint8_t *just = malloc(n ? n : 1);
	if (just && n)
		memcpy(just, bytes, n);
	LLVMFuzzerTestOneInput(just, n);
	free(just);
	free(bytes);
	return 1;
}

static int run_corpus(char *program)
{
	const char *top = getenv("TOP_SRCDIR");
	char folder[PATH_MAX], path[PATH_MAX + 256];
	int ran = 0;

	snprintf(folder, sizeof folder, "%s/tests/fuzz/corpus/%s", top ? top : ".", basename(program));
	DIR *d = opendir(folder);
	if (!d) {
		perror(folder);
		exit(1);
	}
	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.')
			ran += run_file(path);
	}
	closedir(d);
	return ran;
}

int main(int argc, char **argv)
{
	int ran = 0;

	for (int i = 1; i < argc; i++)
		ran += run_file(argv[i]);
	if (argc == 1)
		ran = run_corpus(argv[0]);
	printf("%d inputs\n", ran);
	return ran ? 0 : 1;
}
