/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_NTFS_CHECK_PROBLEMS_H
#define WTG_NTFS_CHECK_PROBLEMS_H

/* Everything that the checker can find: name, id, how bad on any volume, how bad on one that wtg
 * has just built, and what it means.  FINE in the first column: Windows or the Linux drivers leave
 * volumes so. */
/* clang-format off */
#define NTFS_PROBLEMS(P)                                                                           \
    P(BOOT_FIELD,       "boot-field",       ERROR,   ERROR,   "the boot sector has a value that Windows refuses") \
    P(BOOT_DETAIL,      "boot-detail",      FINE,    ERROR,   "the boot sector is not as Windows writes it") \
    P(BOOT_START,       "boot-start",       WARNING, ERROR,   "the boot sector tells another start of the partition") \
    P(BOOT_SIZE,        "boot-size",        FINE,    ERROR,   "the volume does not fill its partition") \
    P(BOOT_BACKUP,      "boot-backup",      ERROR,   ERROR,   "the backup boot sector at the end of the partition differs") \
    P(UNREADABLE,       "unreadable",       ERROR,   ERROR,   "the volume is so damaged that the check cannot begin") \
    P(MIRROR,           "mft-mirror",       ERROR,   ERROR,   "$MFTMirr is not a copy of the first records") \
    P(RECORD_MAGIC,     "record-magic",     ERROR,   ERROR,   "a record in use is no FILE record") \
    P(RECORD_BLANK,     "record-blank",     FINE,    ERROR,   "a free record was never formatted") \
    P(RECORD_TORN,      "record-torn",      ERROR,   ERROR,   "a record was written only in part") \
    P(RECORD_HEADER,    "record-header",    ERROR,   ERROR,   "the header of a record is wrong") \
    P(RECORD_DETAIL,    "record-detail",    FINE,    ERROR,   "the header of a record is unusual") \
    P(RECORD_USED,      "record-used",      ERROR,   ERROR,   "the bytes in use of a record do not end with its attributes") \
    P(RECORD_INSTANCE,  "record-instance",  WARNING, ERROR,   "the next instance number of a record is taken already") \
    P(MFT_BITMAP,       "mft-bitmap",       ERROR,   ERROR,   "the bitmap of the $MFT and a record disagree about its use") \
    P(ATTR,             "attr",             ERROR,   ERROR,   "an attribute does not fit its record") \
    P(ATTR_ORDER,       "attr-order",       ERROR,   ERROR,   "the attributes of a record are out of order") \
    P(ATTR_INSTANCE,    "attr-instance",    ERROR,   ERROR,   "two attributes of a record have the same instance number") \
    P(ATTR_TWICE,       "attr-twice",       ERROR,   ERROR,   "a file has an attribute twice") \
    P(ATTR_MISSING,     "attr-missing",     ERROR,   ERROR,   "a file lacks an attribute that it must have") \
    P(ATTR_TYPE,        "attr-type",        WARNING, ERROR,   "an attribute is of a type that nobody knows") \
    P(ATTR_RESIDENCE,   "attr-residence",   ERROR,   ERROR,   "an attribute stands where one of its type must not stand") \
    P(ATTR_SIZE,        "attr-size",        ERROR,   ERROR,   "an attribute has a size that one of its type cannot have") \
    P(ATTR_FLAGS,       "attr-flags",       WARNING, ERROR,   "an attribute has flags that do not suit it") \
    P(ATTR_DETAIL,      "attr-detail",      FINE,    ERROR,   "an attribute is laid out in an unusual way") \
    P(RUNS,             "runs",             ERROR,   ERROR,   "the run list of a stream is damaged") \
    P(RUNS_SPLIT,       "runs-split",       FINE,    WARNING, "a run list has two runs where one would do") \
    P(RUNS_HOLE,        "runs-hole",        ERROR,   ERROR,   "a stream that is neither sparse nor compressed has a hole") \
    P(CROSS_LINK,       "cross-link",       ERROR,   ERROR,   "two streams share clusters") \
    P(CLUSTER_FREE,     "cluster-free",     ERROR,   ERROR,   "$Bitmap calls clusters free that a stream uses") \
    P(CLUSTER_LOST,     "cluster-lost",     ERROR,   ERROR,   "$Bitmap calls clusters used that no stream uses") \
    P(CLUSTER_BEYOND,   "cluster-beyond",   WARNING, ERROR,   "$Bitmap does not mark what lies beyond the volume as used") \
    P(SIZE_ALLOCATED,   "size-allocated",   ERROR,   ERROR,   "the allocated size of a stream is not what its runs map") \
    P(SIZE_TOTAL,       "size-total",       ERROR,   ERROR,   "the space a sparse stream takes is not what its runs take") \
    P(SIZE_DATA,        "size-data",        ERROR,   ERROR,   "a stream is larger than what is allocated for it") \
    P(SIZE_SLACK,       "size-slack",       FINE,    ERROR,   "more is allocated for a stream than it needs") \
    P(SIZE_INITIALIZED, "size-initialized", ERROR,   ERROR,   "the initialized size of a stream is above its size") \
    P(STREAM_GAP,       "stream-gap",       ERROR,   ERROR,   "the pieces of a stream do not follow one another") \
    P(LIST,             "list",             ERROR,   ERROR,   "an attribute list is damaged") \
    P(LIST_ORDER,       "list-order",       ERROR,   ERROR,   "an attribute list is out of order") \
    P(LIST_ENTRY,       "list-entry",       ERROR,   ERROR,   "an attribute list names an attribute that is not there") \
    P(LIST_MISSING,     "list-missing",     ERROR,   ERROR,   "an attribute list leaves out an attribute of the file") \
    P(EXTENSION,        "extension",        ERROR,   ERROR,   "an extension record belongs to no file") \
    P(STANDARD,         "standard",         WARNING, ERROR,   "$STANDARD_INFORMATION holds what is not allowed there") \
    P(STANDARD_FLAGS,   "standard-flags",   FINE,    ERROR,   "the attributes of a file do not fit what it holds") \
    P(NAME,             "name",             ERROR,   ERROR,   "a $FILE_NAME is damaged") \
    P(NAME_CHARACTERS,  "name-characters",  WARNING, ERROR,   "a name has characters that no name may have") \
    P(NAME_PARENT,      "name-parent",      ERROR,   ERROR,   "a name points to a directory that is not there") \
    P(NAME_UNLISTED,    "name-unlisted",    ERROR,   ERROR,   "a name does not stand in the index of its directory") \
    P(NAME_TWICE,       "name-twice",       ERROR,   ERROR,   "a file has the same name twice in one directory") \
    P(NAME_DOS_MANY,    "name-dos-many",    ERROR,   ERROR,   "a file has more than one DOS name") \
    P(NAME_DOS_ALONE,   "name-dos-alone",   WARNING, ERROR,   "a DOS name has no long name in the same directory") \
    P(NAME_WIN32_ALONE, "name-win32-alone", FINE,    ERROR,   "a name that says it has a DOS name beside it has none") \
    P(NAME_COPY,        "name-copy",        FINE,    ERROR,   "a $FILE_NAME and its copy in the index differ") \
    P(LINKS,            "links",            WARNING, ERROR,   "the link count of a file is not the number of its names") \
    P(NAMELESS,         "nameless",         WARNING, ERROR,   "a file has no name") \
    P(LOST,             "lost",             ERROR,   ERROR,   "a directory cannot be reached from the root") \
    P(DIRECTORY_LINKS,  "directory-links",  ERROR,   ERROR,   "a directory has several names") \
    P(INDEX,            "index",            ERROR,   ERROR,   "an index is damaged") \
    P(INDEX_HEAD,       "index-head",       ERROR,   ERROR,   "the head of an index is wrong") \
    P(INDEX_DETAIL,     "index-detail",     FINE,    ERROR,   "an index is laid out in an unusual way") \
    P(INDEX_BLOCK,      "index-block",      ERROR,   ERROR,   "a block of an index is damaged") \
    P(INDEX_ORDER,      "index-order",      ERROR,   ERROR,   "the entries of an index are out of order") \
    P(INDEX_DEPTH,      "index-depth",      WARNING, ERROR,   "the leaves of an index are not all equally deep") \
    P(INDEX_EMPTY,      "index-empty",      FINE,    ERROR,   "an index has an empty block") \
    P(INDEX_CYCLE,      "index-cycle",      ERROR,   ERROR,   "two entries of an index point to the same block") \
    P(INDEX_BITMAP,     "index-bitmap",     ERROR,   ERROR,   "the bitmap of an index is not that of the blocks it uses") \
    P(ENTRY_KEY,        "entry-key",        ERROR,   ERROR,   "an index entry is damaged") \
    P(ENTRY_TARGET,     "entry-target",     ERROR,   ERROR,   "an index entry names a record that is no file") \
    P(ENTRY_SEQUENCE,   "entry-sequence",   ERROR,   ERROR,   "an index entry names a file that was there before") \
    P(ENTRY_PARENT,     "entry-parent",     ERROR,   ERROR,   "an index entry says it stands in another directory") \
    P(ENTRY_NAME,       "entry-name",       ERROR,   ERROR,   "an index entry has a name that its file does not have") \
    P(ENTRY_TWICE,      "entry-twice",      ERROR,   ERROR,   "a name stands twice in an index") \
    P(ENTRY_DIRECTORY,  "entry-directory",  ERROR,   ERROR,   "an index entry calls a file a directory or a directory a file") \
    P(ENTRY_SIZES,      "entry-sizes",      FINE,    ERROR,   "the sizes in an index entry are not those of the file") \
    P(ENTRY_TIMES,      "entry-times",      FINE,    ERROR,   "the times in an index entry are not those of the file") \
    P(ENTRY_FLAGS,      "entry-flags",      FINE,    ERROR,   "the attributes in an index entry are not those of the file") \
    P(ENTRY_TAG,        "entry-tag",        FINE,    ERROR,   "the reparse tag or EA size in an index entry is not the file's") \
    P(SDS,              "sds",              ERROR,   ERROR,   "an entry of $Secure:$SDS is damaged") \
    P(SDS_HASH,         "sds-hash",         ERROR,   ERROR,   "a descriptor in $Secure:$SDS does not have the hash it should") \
    P(SDS_MIRROR,       "sds-mirror",       ERROR,   ERROR,   "an entry of $Secure:$SDS and its mirror differ") \
    P(SDS_TWICE,        "sds-twice",        FINE,    ERROR,   "$Secure:$SDS holds a descriptor twice") \
    P(SDS_ID,           "sds-id",           ERROR,   ERROR,   "two entries of $Secure:$SDS have the same id") \
    P(SDS_DETAIL,       "sds-detail",       FINE,    ERROR,   "$Secure:$SDS is laid out in an unusual way") \
    P(SD,               "sd",               ERROR,   ERROR,   "a security descriptor is not valid") \
    P(SD_UNUSED,        "sd-unused",        WARNING, ERROR,   "no file uses a descriptor of $Secure") \
    P(SII,              "sii",              ERROR,   ERROR,   "an entry of $Secure:$SII does not match $SDS") \
    P(SDH,              "sdh",              ERROR,   ERROR,   "an entry of $Secure:$SDH does not match $SDS") \
    P(SDS_UNLISTED,     "sds-unlisted",     WARNING, ERROR,   "a descriptor of $SDS stands in $SII or $SDH not at all") \
    P(SECURITY_ID,      "security-id",      ERROR,   ERROR,   "a file has a security id that $Secure does not know") \
    P(SECURITY_NONE,    "security-none",    WARNING, ERROR,   "a file has no security descriptor") \
    P(REPARSE,          "reparse",          ERROR,   ERROR,   "a reparse point is damaged") \
    P(REPARSE_ENTRY,    "reparse-entry",    ERROR,   ERROR,   "an entry of $Reparse:$R names no such reparse point") \
    P(REPARSE_UNLISTED, "reparse-unlisted", ERROR,   ERROR,   "a reparse point does not stand in $Reparse:$R") \
    P(OBJECT_ENTRY,     "object-entry",     ERROR,   ERROR,   "an entry of $ObjId:$O names no such object id") \
    P(OBJECT_UNLISTED,  "object-unlisted",  ERROR,   ERROR,   "an object id does not stand in $ObjId:$O") \
    P(QUOTA,            "quota",            ERROR,   ERROR,   "an entry of $Quota is damaged") \
    P(EA,               "ea",               ERROR,   ERROR,   "the extended attributes of a file are damaged") \
    P(WOF,              "wof",              ERROR,   ERROR,   "a compressed system file is damaged") \
    P(WOF_DETAIL,       "wof-detail",       FINE,    ERROR,   "a compressed system file is laid out in an unusual way") \
    P(UPCASE,           "upcase",           WARNING, ERROR,   "$UpCase is not the table of Windows 7 and later") \
    P(UPCASE_INFO,      "upcase-info",      WARNING, ERROR,   "$UpCase:$Info does not fit the table") \
    P(ATTRDEF,          "attrdef",          WARNING, ERROR,   "$AttrDef is not the table of NTFS 3.1") \
    P(VOLUME_VERSION,   "volume-version",   WARNING, ERROR,   "the volume is not of NTFS 3.1") \
    P(VOLUME_DIRTY,     "volume-dirty",     WARNING, ERROR,   "the volume wants to be checked by Windows") \
    P(LOG_DIRTY,        "log-dirty",        WARNING, ERROR,   "the log was not closed: changes wait in it") \
    P(LOG_USED,         "log-used",         FINE,    ERROR,   "the log is not empty") \
    P(LOG,              "log",              ERROR,   ERROR,   "$LogFile is damaged") \
    P(BOOT_FILE,        "boot-file",        ERROR,   ERROR,   "$Boot does not cover the start of the volume") \
    P(BAD_CLUSTERS,     "bad-clusters",     WARNING, ERROR,   "$BadClus:$Bad is not one hole as large as the volume") \
    P(SYSTEM_FILE,      "system-file",      ERROR,   ERROR,   "a file of the system's own is missing or not itself") \
    P(SYSTEM_DETAIL,    "system-detail",    FINE,    ERROR,   "a file of the system's own is unusual")
/* clang-format on */

enum ntfs_problem_number {
#define P(name, id, normal, strict, text) NTFS_P_##name,
    NTFS_PROBLEMS(P)
#undef P
};

#endif
