using DmaHeap.Hosting.Configuration;

namespace DmaHeap.Tests.Configuration;

public sealed class NearestNameTests
{
    private static readonly string[] s_names = ["plugin", "type", "aliases", "options", "limits", "largestBuffer"];

    [Theory]
    [InlineData("optoins", "options")]
    [InlineData("option", "options")]
    [InlineData("Plugin", "plugin")]
    [InlineData("alias", "aliases")]
    [InlineData("tpye", "type")]
    [InlineData("largest_buffer", "largestBuffer")]
    [InlineData("limit", "limits")]
    public void A_misspelt_name_finds_the_right_one(string name, string right) => Assert.Equal(right, NearestName.Find(name, s_names));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("colour")]
    public void A_name_like_none_of_them_finds_none(string name) => Assert.Null(NearestName.Find(name, s_names));

    [Fact]
    public void A_name_without_end_is_not_compared() => Assert.Null(NearestName.Find(new string('a', 1_000_000), s_names));

    [Fact]
    public void Without_names_there_is_no_nearest() => Assert.Null(NearestName.Find("a", []));

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "acb", 1)]
    [InlineData("abc", "abd", 1)]
    [InlineData("abc", "ab", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits_and_a_swap_as_one(string one, string other, int edits)
    {
        Assert.Equal(edits, NearestName.Distance(one, other));
        Assert.Equal(edits, NearestName.Distance(other, one));
    }
}
