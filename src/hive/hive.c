/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"

#include <errno.h>
#include <hivex.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/utf16.h"

struct hive {
    hive_h *hivex;
    char *name; /* for messages */
};

/* What libhivex says with errno, in our words. */
static int hivex_fail(struct hive *h, struct wtg_err *err, const char *doing, const char *what)
{
    if (errno == ENOMEM)
        return wtg_fail_nomem(err);
    return wtg_fail(err, WTG_E_HIVE_DAMAGED, "registry hive '%s': %s '%s': %s", h->name, doing,
                    what, strerror(errno));
}

/* A file in memory that libhivex can open by name. */
enum { FD_PATH_BYTES = 32 };
static int memory_file(char path[FD_PATH_BYTES], int *ret_fd, struct wtg_err *err)
{
    int fd = memfd_create("wtg-hive", MFD_CLOEXEC);
    if (fd < 0)
        return wtg_fail_errno(err, errno, "a file in memory for a registry hive");
    snprintf(path, FD_PATH_BYTES, "/proc/self/fd/%d", fd);
    *ret_fd = fd;
    return 0;
}

static int write_all(int fd, struct wtg_span bytes, struct wtg_err *err)
{
    for (size_t done = 0; done < bytes.n;) {
        ssize_t n = write(fd, bytes.p + done, bytes.n - done);
        if (n < 0 && errno != EINTR)
            return wtg_fail_errno(err, errno, "copying a registry hive in memory");
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int hive_open(struct wtg_span bytes, const char *name, bool writable, struct hive **ret,
              struct wtg_err *err)
{
    char path[FD_PATH_BYTES];
    AUTO_FD fd = -1;
    int r = hive_check(bytes, name, err);
    if (r == 0)
        r = memory_file(path, &fd, err);
    if (r == 0)
        r = write_all(fd, bytes, err);
    if (r < 0)
        return r;
    struct hive *h = mem_zeroed(1, sizeof *h, err);
    if (!h)
        return err->code;
    h->name = strdup(name);
    if (!h->name) {
        hive_free(h);
        return wtg_fail_nomem(err);
    }
    h->hivex = hivex_open(path, writable ? HIVEX_OPEN_WRITE : 0);
    if (!h->hivex) {
        r = hivex_fail(h, err, "opening", path);
        hive_free(h);
        return r;
    }
    *ret = h;
    return 0;
}

int hive_new(const char *name, const char *root_name, uint32_t minor, uint64_t time,
             struct hive **ret, struct wtg_err *err)
{
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = hive_empty(root_name, minor, time, &bytes, &n, err);
    return r < 0 ? r : hive_open((struct wtg_span){ bytes, n }, name, true, ret, err);
}

void hive_free(struct hive *h)
{
    if (!h)
        return;
    if (h->hivex)
        hivex_close(h->hivex);
    free(h->name);
    free(h);
}

int hive_commit(struct hive *h, uint8_t **ret, size_t *ret_n, struct wtg_err *err)
{
    char path[FD_PATH_BYTES];
    AUTO_FD fd = -1;
    struct stat st;
    int r = memory_file(path, &fd, err);
    if (r < 0)
        return r;
    if (hivex_commit(h->hivex, path, 0) < 0)
        return hivex_fail(h, err, "writing", path);
    if (fstat(fd, &st) < 0)
        return wtg_fail_errno(err, errno, "reading a registry hive back");
    size_t n = (size_t)st.st_size;
    AUTO_FREE uint8_t *bytes = mem_zeroed(n, 1, err);
    if (!bytes)
        return err->code;
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, bytes + done, n - done, (off_t)done);
        if (got == 0 || (got < 0 && errno != EINTR))
            return wtg_fail_errno(err, got ? errno : EIO, "reading a registry hive back");
        done += got > 0 ? (size_t)got : 0;
    }
    r = hive_check((struct wtg_span){ bytes, n }, h->name, err);
    if (r < 0)
        return wtg_because(err, "after writing it");
    *ret = TAKE_PTR(bytes);
    *ret_n = n;
    return 0;
}

/* The child of that name, or HIVE_NO_KEY. */
static int find_child(struct hive *h, hive_key parent, const char *name, hive_key *ret,
                      struct wtg_err *err)
{
    errno = 0;
    hive_key child = hivex_node_get_child(h->hivex, parent, name);
    if (child == HIVE_NO_KEY && errno != 0 && errno != HIVEX_NO_KEY)
        return hivex_fail(h, err, "looking for the key", name);
    *ret = child;
    return 0;
}

hive_key hive_root(struct hive *h)
{
    return hivex_root(h->hivex);
}

static int walk_path(struct hive *h, hive_key key, const char *path, bool make, hive_key *ret,
                     struct wtg_err *err)
{
    while (*path) {
        size_t len = strcspn(path, "\\");
        AUTO_FREE char *name = strndup(path, len);
        if (!name)
            return wtg_fail_nomem(err);
        hive_key child = HIVE_NO_KEY;
        int r = find_child(h, key, name, &child, err);
        if (r < 0)
            return r;
        if (child == HIVE_NO_KEY && make) {
            child = hivex_node_add_child(h->hivex, key, name);
            if (child == HIVE_NO_KEY)
                return hivex_fail(h, err, "making the key", name);
        }
        key = child;
        if (key == HIVE_NO_KEY)
            break;
        path += len + (path[len] == '\\');
    }
    *ret = key;
    return 0;
}

int hive_find(struct hive *h, hive_key from, const char *path, hive_key *ret, struct wtg_err *err)
{
    return walk_path(h, from, path, false, ret, err);
}

int hive_make(struct hive *h, hive_key from, const char *path, hive_key *ret, struct wtg_err *err)
{
    return walk_path(h, from, path, true, ret, err);
}

int hive_remove(struct hive *h, hive_key key, struct wtg_err *err)
{
    if (hivex_node_delete_child(h->hivex, key) != 0)
        return hivex_fail(h, err, "removing", "a key");
    return 0;
}

int hive_children(struct hive *h, hive_key key, hive_key **ret, size_t *ret_n, struct wtg_err *err)
{
    hive_node_h *child = hivex_node_children(h->hivex, key);
    if (!child)
        return hivex_fail(h, err, "listing", "keys");
    size_t n = 0;
    while (child[n])
        n++;
    *ret = child;
    *ret_n = n;
    return 0;
}

int hive_key_name(struct hive *h, hive_key key, char **ret, struct wtg_err *err)
{
    char *name = hivex_node_name(h->hivex, key);
    if (!name)
        return hivex_fail(h, err, "reading the name of", "a key");
    *ret = name;
    return 0;
}

void hive_value_release(struct hive_value *v)
{
    free(v->name);
    free(v->data);
    *v = (struct hive_value){ 0 };
}

void hive_values_free(struct hive_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hive_value_release(&v[i]);
    free(v);
}

/* Reads the data behind the handle; `v->name` is the caller's affair. */
static int read_data(struct hive *h, hive_value_h value, struct hive_value *v, struct wtg_err *err)
{
    hive_type type;
    size_t len = 0;
    AUTO_FREE char *data = hivex_value_value(h->hivex, value, &type, &len);
    if (!data)
        return hivex_fail(h, err, "reading the value", v->name);
    v->data = mem_zeroed(len + 1, 1, err);
    if (!v->data)
        return err->code;
    memcpy(v->data, data, len);
    v->type = (enum hive_reg)type;
    v->len = len;
    return 0;
}

int hive_values(struct hive *h, hive_key key, struct hive_value **ret, size_t *ret_n,
                struct wtg_err *err)
{
    AUTO_FREE hive_value_h *handle = hivex_node_values(h->hivex, key);
    if (!handle)
        return hivex_fail(h, err, "listing", "values");
    size_t n = 0;
    while (handle[n])
        n++;
    struct hive_value *v = mem_zeroed(n + 1, sizeof *v, err);
    if (!v)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        v[i].name = hivex_value_key(h->hivex, handle[i]);
        int r = v[i].name ? read_data(h, handle[i], &v[i], err)
                          : hivex_fail(h, err, "reading the name of", "a value");
        if (r < 0) {
            hive_values_free(v, n);
            return r;
        }
    }
    *ret = v;
    *ret_n = n;
    return 0;
}

int hive_get(struct hive *h, hive_key key, const char *name, struct hive_value *ret,
             struct wtg_err *err)
{
    struct hive_value v = { 0 };
    errno = 0;
    hive_value_h value = hivex_node_get_value(h->hivex, key, name);
    if (!value && errno != 0 && errno != HIVEX_NO_KEY)
        return hivex_fail(h, err, "looking for the value", name);
    if (value) {
        v.name = strdup(name);
        int r = v.name ? read_data(h, value, &v, err) : wtg_fail_nomem(err);
        if (r < 0) {
            hive_value_release(&v);
            return r;
        }
    }
    *ret = v;
    return 0;
}

/* libhivex sets one value by writing all of the key's again, each in one cell; Windows does not
 * read a long value in that form. */
static int refuse_long_values(struct hive *h, hive_key key, const char *name, struct wtg_err *err)
{
    AUTO_FREE hive_value_h *value = hivex_node_values(h->hivex, key);
    if (!value)
        return hivex_fail(h, err, "listing the values beside", name);
    for (size_t i = 0; value[i]; i++) {
        hive_type type;
        size_t len = 0;
        if (hivex_value_type(h->hivex, value[i], &type, &len) < 0)
            return hivex_fail(h, err, "reading a value beside", name);
        if (len > HIVE_MAX_VALUE)
            return wtg_fail(err, WTG_E_UNSUPPORTED,
                            "registry hive '%s': the value beside '%s' has %zu bytes, more than "
                            "the %d that can be written back",
                            h->name, name, len, HIVE_MAX_VALUE);
    }
    return 0;
}

int hive_set(struct hive *h, hive_key key, const char *name, enum hive_reg type, const void *data,
             size_t len, struct wtg_err *err)
{
    if (len > HIVE_MAX_VALUE)
        return wtg_fail(err, WTG_E_UNSUPPORTED,
                        "registry hive '%s': '%s' would get %zu bytes, more than %d", h->name, name,
                        len, HIVE_MAX_VALUE);
    int r = refuse_long_values(h, key, name, err);
    if (r < 0)
        return r;
    /* libhivex only reads what it is given, but its struct has no const */
    hive_set_value v = { .key = (char *)(uintptr_t)name,
                         .t = (hive_type)type,
                         .len = len,
                         .value = (char *)(uintptr_t)data };
    if (hivex_node_set_value(h->hivex, key, &v, 0) < 0)
        return hivex_fail(h, err, "setting the value", name);
    return 0;
}
