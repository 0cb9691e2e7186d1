/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/build-priv.h"

/* The kinds of indexes: how large an entry is and what stands in it. */

static const struct build_index *index_of(const struct index_keys *k)
{
    return (const struct build_index *)k; /* its first member */
}

/* ---- $I30: names ---- */

static uint32_t i30_bytes(const struct index_keys *k, size_t i)
{
    uint32_t key = file_name_bytes(index_of(k)->name[i]);
    return (uint32_t)round_up(sizeof(struct ntfs_index_entry_disk) + key, 8);
}

static void i30_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    const struct build_index *x = index_of(k);
    uintptr_t name = x->name[i];
    struct ntfs_index_entry_disk *e = (void *)entry;
    e->u.ref = to_le64(file_ref(node_file(x->b, name_link(name)->node)));
    e->key_length = to_le16((uint16_t)file_name_bytes(name));
    file_name_put(x->b, name, entry + sizeof *e);
}

/* ---- $Secure ---- */

static uint32_t sii_bytes(const struct index_keys *k, size_t i)
{
    (void)k, (void)i;
    return sizeof(struct ntfs_sii_disk);
}

static void sii_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    secure_put_sii(&index_of(k)->b->secure.entry[i], entry);
}

static uint32_t sdh_bytes(const struct index_keys *k, size_t i)
{
    (void)k, (void)i;
    return sizeof(struct ntfs_sdh_disk);
}

static void sdh_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    const struct secure *s = &index_of(k)->b->secure;
    secure_put_sdh(&s->entry[s->by_hash[i]], entry);
}

/* ---- $Quota: the defaults and the administrators, nobody is limited ---- */

static const uint8_t admins[16] = { 1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0 };
enum { QUOTA_O_BYTES = 0x28, QUOTA_Q_KEY_BYTES = 4 };

static uint32_t quota_o_bytes(const struct index_keys *k, size_t i)
{
    (void)k, (void)i;
    return QUOTA_O_BYTES;
}

static void quota_o_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    (void)k, (void)i;
    struct ntfs_index_entry_disk *e = (void *)entry;
    struct ntfs_quota_owner_disk *d = (void *)(entry + sizeof *e + sizeof admins);
    e->u.view.data_offset = to_le16(sizeof *e + sizeof admins);
    e->u.view.data_length = to_le16(sizeof d->owner_id);
    e->key_length = to_le16(sizeof admins);
    memcpy(entry + sizeof *e, admins, sizeof admins);
    d->owner_id = to_le32(NTFS_QUOTA_FIRST_USER_ID);
    d->unused = to_le32(0x20);
}

static uint32_t quota_q_bytes(const struct index_keys *k, size_t i)
{
    (void)k;
    return (uint32_t)round_up(sizeof(struct ntfs_index_entry_disk) + QUOTA_Q_KEY_BYTES +
                                  sizeof(struct ntfs_quota_disk) + (i ? sizeof admins : 0),
                              8);
}

static void quota_q_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    struct ntfs_index_entry_disk *e = (void *)entry;
    uint8_t *key = entry + sizeof *e;
    struct ntfs_quota_disk *d = (void *)(key + QUOTA_Q_KEY_BYTES);
    e->u.view.data_offset = to_le16(sizeof *e + QUOTA_Q_KEY_BYTES);
    e->u.view.data_length = to_le16((uint16_t)(sizeof *d + (i ? sizeof admins : 0)));
    e->key_length = to_le16(QUOTA_Q_KEY_BYTES);
    put_le32(key, i ? NTFS_QUOTA_FIRST_USER_ID : NTFS_QUOTA_DEFAULTS_ID);
    d->version = to_le32(NTFS_QUOTA_VERSION);
    d->flags = to_le32(1);
    d->changed = to_le64(index_of(k)->b->o.time);
    d->threshold = d->limit = to_le64(UINT64_MAX);
    if (i)
        memcpy(d + 1, admins, sizeof admins);
}

/* ---- $ObjId, $Reparse ---- */

static uint32_t objid_bytes(const struct index_keys *k, size_t i)
{
    (void)k, (void)i;
    return sizeof(struct ntfs_o_disk);
}

static void objid_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    const struct ntfs_build *b = index_of(k)->b;
    const struct objid_key *o = &b->objid[i];
    struct ntfs_o_disk *d = (void *)entry;
    d->entry.u.view.data_offset = to_le16(offsetof(struct ntfs_o_disk, ref));
    d->entry.u.view.data_length = to_le16(sizeof *d - offsetof(struct ntfs_o_disk, ref));
    d->entry.key_length = to_le16(sizeof d->id);
    memcpy(d->id, o->id, sizeof d->id);
    d->ref = to_le64(file_ref(&b->file[o->file]));
    if (o->all)
        memcpy(d->birth_volume, o->id + sizeof d->id,
               sizeof *d - offsetof(struct ntfs_o_disk, birth_volume));
}

static uint32_t reparse_bytes(const struct index_keys *k, size_t i)
{
    (void)k, (void)i;
    return sizeof(struct ntfs_r_disk);
}

static void reparse_put(const struct index_keys *k, size_t i, uint8_t *entry)
{
    const struct reparse_key *r = &index_of(k)->b->reparse[i];
    struct ntfs_r_disk *d = (void *)entry;
    d->entry.u.view.data_offset = to_le16(offsetof(struct ntfs_r_disk, pad));
    d->entry.key_length = to_le16(NTFS_R_KEY_BYTES);
    d->tag = to_le32(r->tag);
    d->ref = to_le64(r->ref);
}

/* clang-format off */
const struct index_view view_i30 = {
    u"$I30", 4, { NTFS_AT_FILE_NAME, NTFS_COLLATE_FILE_NAME }, i30_bytes, i30_put };
const struct index_view view_sdh = {
    u"$SDH", 4, { 0, NTFS_COLLATE_SECURITY_HASH }, sdh_bytes, sdh_put };
const struct index_view view_sii = {
    u"$SII", 4, { 0, NTFS_COLLATE_ULONG }, sii_bytes, sii_put };
const struct index_view view_quota_o = {
    u"$O", 2, { 0, NTFS_COLLATE_SID }, quota_o_bytes, quota_o_put };
const struct index_view view_quota_q = {
    u"$Q", 2, { 0, NTFS_COLLATE_ULONG }, quota_q_bytes, quota_q_put };
const struct index_view view_objid_o = {
    u"$O", 2, { 0, NTFS_COLLATE_ULONGS }, objid_bytes, objid_put };
const struct index_view view_reparse_r = {
    u"$R", 2, { 0, NTFS_COLLATE_ULONGS }, reparse_bytes, reparse_put };
/* clang-format on */
