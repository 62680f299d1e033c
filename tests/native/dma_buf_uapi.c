/* Prints "name value" for every number, struct and offset of the dma-heap and dma-buf interface that the installed kernel headers have. */
#include <stddef.h>
#include <stdio.h>

#define NUMBER(name) printf("%s %lld\n", #name, (long long)(name))
#define SIZE(type) printf("sizeof(%s) %zu\n", #type, sizeof(struct type))
#define FIELD(type, field) printf("%s.%s %zu\n", #type, #field, offsetof(struct type, field))

#if __has_include(<linux/dma-heap.h>)
#include <linux/dma-heap.h>
static void heap(void)
{
    NUMBER(DMA_HEAP_IOCTL_ALLOC);
    SIZE(dma_heap_allocation_data);
    FIELD(dma_heap_allocation_data, len);
    FIELD(dma_heap_allocation_data, fd);
    FIELD(dma_heap_allocation_data, fd_flags);
    FIELD(dma_heap_allocation_data, heap_flags);
}
#else
static void heap(void) {}
#endif

#if __has_include(<linux/dma-buf.h>)
#include <linux/dma-buf.h>
static void buffer(void)
{
    NUMBER(DMA_BUF_NAME_LEN);
    NUMBER(DMA_BUF_SYNC_READ);
    NUMBER(DMA_BUF_SYNC_WRITE);
    NUMBER(DMA_BUF_SYNC_RW);
    NUMBER(DMA_BUF_SYNC_END);
    NUMBER(DMA_BUF_IOCTL_SYNC);
    NUMBER(DMA_BUF_SET_NAME_A);
    NUMBER(DMA_BUF_SET_NAME_B);
#ifdef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
    NUMBER(DMA_BUF_IOCTL_EXPORT_SYNC_FILE);
    NUMBER(DMA_BUF_IOCTL_IMPORT_SYNC_FILE);
    SIZE(dma_buf_export_sync_file);
    FIELD(dma_buf_export_sync_file, flags);
    FIELD(dma_buf_export_sync_file, fd);
    SIZE(dma_buf_import_sync_file);
    FIELD(dma_buf_import_sync_file, fd);
#endif
}
#else
static void buffer(void) {}
#endif

#if __has_include(<linux/udmabuf.h>)
#include <linux/types.h>
#include <linux/ioctl.h>
#include <linux/udmabuf.h>
static void udmabuf(void)
{
    NUMBER(UDMABUF_FLAGS_CLOEXEC);
    NUMBER(UDMABUF_CREATE);
    NUMBER(UDMABUF_CREATE_LIST);
    SIZE(udmabuf_create);
    FIELD(udmabuf_create, memfd);
    FIELD(udmabuf_create, flags);
    FIELD(udmabuf_create, offset);
    FIELD(udmabuf_create, size);
}
#else
static void udmabuf(void) {}
#endif

int main(void)
{
    heap();
    buffer();
    udmabuf();
    return 0;
}
