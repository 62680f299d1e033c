using DmaHeap.Linux;

namespace DmaHeap.Tests.Linux;

public sealed class ErrorTests
{
    [Fact]
    public void The_message_names_the_call_its_subject_the_errno_and_a_sentence() =>
        Assert.Equal("memfd_create(\"x\"): EMFILE, Too many open files", new LinuxException(Errno.EMFILE, "memfd_create", "\"x\"").Message);

    [Fact]
    public void A_throwing_call_carries_the_errno()
    {
        var thrown = Assert.Throws<LinuxException>(() => Memfd.Create(new string('n', Memfd.MaxNameLength + 1), MemfdFlags.CloseOnExec));
        Assert.Equal(Errno.EINVAL, thrown.Errno);
        Assert.Equal("memfd_create", thrown.Call);
    }

    [Fact]
    public void Every_named_errno_has_a_sentence_and_an_unnamed_one_keeps_its_number()
    {
        Assert.All(Enum.GetValues<Errno>(), errno => Assert.DoesNotContain("Unknown", errno.Describe()));
        Assert.Equal("Unknown error 4000", ((Errno)4000).Describe());
    }

    [Fact]
    public void Text_with_a_zero_inside_is_refused_rather_than_cut() =>
        Assert.Throws<ArgumentException>(() => FileNames.TryUnlink("a\0b"));
}
