/*
 * An owner's id is a word of 64 bits, with which it fills its memory from end to end. Whoever looks at memory later
 * finds in each word who wrote it.
 */
#ifndef OWNERS_OWNER_ID_H
#define OWNERS_OWNER_ID_H

#include "common.h"

/* from the top: 0xA5, 4 bits of domain, 4 of heap, 8 of worker, 40 that count */
static uint64_t new_id(int heap)
{
    uint64_t number = atomic_fetch_add(&shared->last_id, 1) + 1;
    return 0xA5ULL << 56 | (uint64_t)self_domain << 52 | (uint64_t)heap << 48 | (uint64_t)self_slot << 40 | (number & 0xFFFFFFFFFFULL);
}

static bool is_id(uint64_t word)
{
    return word >> 56 == 0xA5;
}

static int domain_of(uint64_t id)
{
    return id >> 52 & 0xF;
}

static int heap_of(uint64_t id)
{
    return id >> 48 & 0xF;
}

static const char *describe(uint64_t word, char *text, size_t size)
{
    if (word == 0)
        snprintf(text, size, "zeros");
    else if (!is_id(word))
        snprintf(text, size, "%016llx, nobody's id", (unsigned long long)word);
    else
        snprintf(text, size, "%016llx (heap %s, domain %d, worker %d, owner %llu)", (unsigned long long)word, heaps[heap_of(word) % MOST_HEAPS].name ?: "?", domain_of(word),
                 (int)(word >> 40 & 0xFF), (unsigned long long)(word & 0xFFFFFFFFFFULL));
    return text;
}

/* Which memory, and what may be in it. */
struct content {
    uint64_t expected; /* its owner's id, or 0 */
    int heap, domain;
    bool loose;        /* may be gone and have come back to the same domain: zeros, and ids of that domain */
};

static bool is_allowed(const struct content *content, uint64_t word)
{
    if (word == content->expected)
        return true;
    return content->loose && (word == 0 || (is_id(word) && domain_of(word) == content->domain && heap_of(word) == content->heap));
}

/* The first word in these bytes that should not be there; -1 when there is none. */
static int64_t find_foreign(const struct content *content, const volatile void *memory, size_t length)
{
    const uint64_t *words = (const uint64_t *)(uintptr_t)memory;
    for (size_t block = 0; block < length; block += 4096) {
        const uint64_t *w = words + block / 8;
        size_t n = (length - block < 4096 ? length - block : 4096) / 8;
        uint64_t differs = 0;
        for (size_t i = 0; i < n; i++)
            differs |= w[i] ^ content->expected;
        for (size_t i = 0; differs && i < n; i++)
            if (!is_allowed(content, w[i]))
                return (int64_t)(block + i * 8);
    }
    return -1;
}

/* Says so when memory shows what it should not. "how" is the way it was seen, "base" where in the buffer it begins. */
static bool look(const struct content *content, const char *how, const volatile void *memory, size_t length, uint64_t base)
{
    char expected[128], found[128];
    int64_t at = find_foreign(content, memory, length);
    if (at < 0)
        return true;
    const volatile uint64_t *words = (const volatile uint64_t *)memory + at / 8;
    size_t run = 0, left = (length - (size_t)at) / 8;
    uint64_t first = words[0];
    while (run < left && words[run] == first)
        run++;
    violation("heap %s: %s, at offset %llu: %zu bytes of %s where there should be %s%s", heaps[content->heap].name, how, (unsigned long long)(base + (uint64_t)at), run * 8,
              describe(first, found, sizeof found), describe(content->expected, expected, sizeof expected), content->loose ? " or another's of that domain" : "");
    return false;
}

static void fill(volatile void *memory, size_t length, uint64_t id)
{
    uint64_t *words = (uint64_t *)(uintptr_t)memory;
    for (size_t i = 0; i < length / 8; i++)
        words[i] = id;
}

#endif
