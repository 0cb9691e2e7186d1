/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs while wtg is built: spells the $UpCase table out as C, so that the library has it as
 * constant data. */
#include <stdint.h>
#include <stdio.h>

#include "upcase-rows.h"

int main(void)
{
    static uint16_t table[65536];

    for (unsigned c = 0; c < 65536; c++)
        table[c] = (uint16_t)c;
    for (size_t i = 0; i < sizeof upcase_rows / sizeof upcase_rows[0]; i++)
        for (unsigned k = 0; k < upcase_rows[i].count; k++) {
            unsigned c = upcase_rows[i].first + k * upcase_rows[i].step;
            table[c] = (uint16_t)((int)c + upcase_rows[i].add);
        }
    printf("#include \"tree/upcase.h\"\nconst uint16_t upcase_table[65536] = {");
    for (unsigned c = 0; c < 65536; c++)
        printf("%s%u,", c % 16 == 0 ? "\n" : " ", table[c]);
    printf("\n};\n");
    return 0;
}
