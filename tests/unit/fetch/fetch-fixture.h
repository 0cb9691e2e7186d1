/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_FETCH_FIXTURE_H
#define TEST_FETCH_FIXTURE_H

#include <string.h>

#include "base/span.h"

#define SHA256_A "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_B "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SHA1_A "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define MD5_A "d41d8cd98f00b204e9800998ecf8427e"

static inline struct wtg_span text_span(const char *text)
{
    return (struct wtg_span){ (const uint8_t *)text, strlen(text) };
}

#define FILE_ROW(name, language, edition, arch, size, sum, url, key)                               \
    "<File id=\"\"><FileName>" name "</FileName><LanguageCode>" language "</LanguageCode>"         \
    "<Language>Some (Where)</Language><Edition>" edition "</Edition><Architecture>" arch           \
    "</Architecture><Size>" size "</Size>" sum "<FilePath>" url "</FilePath>" key "</File>\n"
#define SHA1_TAG "<Sha1>" SHA1_A "</Sha1>"
#define SHA256_TAG "<Sha256>" SHA256_A "</Sha256>"
#define SAMPLE_CATALOG                                                                             \
    "<?xml version=\"1.0\"?><MCT><Catalogs><Catalog "                                              \
    "version=\"1\"><PublishedMedia><Files>\n" FILE_ROW(                                            \
        "19045.3803.231204-0204.x64.esd", "de-de", "Core", "x64", "100", SHA1_TAG, "http://x/1",   \
        "<Key />") FILE_ROW("19045.3803.231204-0204.x64.esd", "de-de", "Professional", "x64",      \
                            "100", SHA1_TAG, "http://x/1", "<Key/>")                               \
        FILE_ROW("26100.4349.a.esd", "zh-cn", "Enterprise", "ARM64", "200", SHA256_TAG,            \
                 "https://x/2", "")                                                                \
            FILE_ROW("old.esd", "en-us", "Enterprise", "AMD64", "300", SHA1_TAG SHA256_TAG,        \
                     "http://x/3",                                                                 \
                     "<Key>secret</Key>") "</Files></PublishedMedia></Catalog></Catalogs></MCT>"

#endif
