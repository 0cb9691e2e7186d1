/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Runs a fuzz target over every file of the folders given as arguments. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t n = 0, got = 0;

    if (!f)
        return perror(path), 1;
    do {
        uint8_t *more = realloc(bytes, n + 65536);
        if (!more)
            return fclose(f), free(bytes), 1;
        bytes = more;
        got = fread(bytes + n, 1, 65536, f);
        n += got;
    } while (got == 65536);
    fclose(f);
    LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, files = 0;

    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        if (!d)
            return perror(argv[i]), 1;
        for (struct dirent *e; (e = readdir(d));) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.') {
                failed |= replay(path);
                files++;
            }
        }
        closedir(d);
    }
    printf("%d files replayed\n", files);
    return failed || files == 0;
}
