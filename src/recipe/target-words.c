/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/target-words.h"

#include <assert.h>

#include "recipe/facts.h"

int recipe_target_words(struct arena *words, const struct disk_identity *id,
                        const struct disk_contents *contents, struct wtg_plan_target *ret,
                        struct wtg_err *err)
{
    char line[DISK_LINE_BYTES]; /* the longer one of the two kinds */
    static_assert((int)DISK_LINE_BYTES >= (int)DISK_TEXT_BYTES, "room for both");
    const char **lines = arena_alloc(words, contents->nparts * sizeof *lines + 1, err);
    struct wtg_plan_target t = {
        .path = id->path,
        .bus = disk_bus_name(id->bus),
        .model = id->model,
        .serial = id->serial,
        .size_bytes = id->size_bytes,
        .sector_bytes = id->sector_bytes,
        .is_file = id->bus == DISK_BUS_FILE,
        .lines = lines,
    };

    t.text = recipe_text(words, err, "%s", disk_identity_text(id, line));
    t.holds = !id->exists ? "nothing, it will be made"
                          : recipe_text(words, err, "%s", disk_contents_summary(contents, line));
    if (!lines || !t.text || !t.holds)
        return err->code;
    for (size_t i = 0; i < contents->nparts; i++) {
        lines[i] =
            recipe_text(words, err, "%s", disk_content_line(contents, &contents->part[i], line));
        if (!lines[i])
            return err->code;
        t.nlines++;
    }
    *ret = t;
    return 0;
}
