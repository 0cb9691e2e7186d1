/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FUSE_USE_VERSION 35
#include "cli.h"

#include <errno.h>
#include <fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wtg/files.h"

struct mount_values {
    struct cli_common common;
    unsigned index;
    const char *inside;
    bool foreground;
};

static struct wtg_files *files_of(void)
{
    return fuse_get_context()->private_data;
}

static struct timespec time_of(uint64_t t)
{
    const uint64_t epoch = UINT64_C(116444736000000000);
    uint64_t since = t > epoch ? t - epoch : 0;
    return (struct timespec){ .tv_sec = (time_t)(since / 10000000),
                              .tv_nsec = (long)(since % 10000000) * 100 };
}

static void fill_stat(const struct wtg_file *f, struct stat *s)
{
    *s = (struct stat){ .st_mode = f->is_dir ? S_IFDIR | 0555 : S_IFREG | 0444,
                        .st_nlink = f->links ? f->links : 1,
                        .st_uid = getuid(),
                        .st_gid = getgid(),
                        .st_size = (off_t)f->size_bytes,
                        .st_blocks = (blkcnt_t)((f->size_bytes + 511) / 512),
                        .st_atim = time_of(f->accessed),
                        .st_mtim = time_of(f->written),
                        .st_ctim = time_of(f->written) };
}

static int on_getattr(const char *path, struct stat *s, struct fuse_file_info *info)
{
    struct wtg_file f;

    (void)info;
    if (!wtg_files_find(files_of(), path, &f))
        return -ENOENT;
    fill_stat(&f, s);
    return 0;
}

struct listing {
    void *buf;
    fuse_fill_dir_t fill;
};

static int list_one(const char *name, const struct wtg_file *file, void *user)
{
    const struct listing *l = user;
    struct stat s;

    fill_stat(file, &s);
    return l->fill(l->buf, name, &s, 0, 0);
}

static int on_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off,
                      struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
    struct listing l = { buf, fill };
    struct wtg_err err = { 0 };

    (void)off;
    (void)info;
    (void)flags;
    fill(buf, ".", NULL, 0, 0);
    fill(buf, "..", NULL, 0, 0);
    return wtg_files_list(files_of(), path, list_one, &l, &err) < 0 ? -ENOENT : 0;
}

static int on_open(const char *path, struct fuse_file_info *info)
{
    struct wtg_file f;

    if (!wtg_files_find(files_of(), path, &f))
        return -ENOENT;
    info->keep_cache = 1; /* nothing ever changes */
    return (info->flags & O_ACCMODE) == O_RDONLY ? 0 : -EROFS;
}

static int on_read(const char *path, char *buf, size_t n, off_t off, struct fuse_file_info *info)
{
    struct wtg_err err = { 0 };
    size_t got = 0;

    (void)info;
    if (wtg_files_read(files_of(), path, (uint64_t)off, buf, n, &got, &err) == 0)
        return (int)got;
    return err.code == WTG_E_UNSUPPORTED ? -EOPNOTSUPP : -EIO;
}

static void *on_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
    (void)conn;
    config->kernel_cache = 1;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 3600;
    return fuse_get_context()->private_data;
}

static const struct fuse_operations operations = {
    .getattr = on_getattr,
    .open = on_open,
    .read = on_read,
    .readdir = on_readdir,
    .init = on_init,
};

static int run(const struct cli_command *command, void *values, char **args)
{
    const struct mount_values *v = values;
    char name[] = "wtg", options[] = "-oro,fsname=wtg,subtype=wtg,default_permissions",
         foreground[] = "-f";
    char *argv[] = { name, args[1], options, v->foreground ? foreground : NULL, NULL };
    struct wtg_files *files = NULL;
    struct wtg_err err = { 0 };

    (void)command;
    if (wtg_files_open(args[0], v->inside, v->index, &files, &err) < 0)
        return cli_fail(&v->common, &err);
    int r =
        fuse_main(v->foreground ? 4 : 3, argv, &operations, files); /* says itself what failed */
    wtg_files_free(files);
    return r == 0 ? EXIT_DONE : EXIT_FAILED;
}

#define AT(field) offsetof(struct mount_values, field)
static const struct cli_opt opts[] = {
    { "index", CLI_NUMBER, AT(index), "N", N_("which Windows of the image, by number") },
    { "inside", CLI_STRING, AT(inside), "PATH", N_("which WIM of an ISO that holds several") },
    { "foreground", CLI_FLAG, AT(foreground), NULL, N_("stay until it is unmounted") },
};

const struct cli_command cli_image_mount = {
    .name = "image mount",
    .args = "FILE DIR",
    .help = N_("one Windows of an image, or an NTFS volume, as a directory, read only"),
    .opt = opts,
    .nopts = CLI_LEN(opts),
    .nargs = 2,
    .value_bytes = sizeof(struct mount_values),
    .run = run,
};
