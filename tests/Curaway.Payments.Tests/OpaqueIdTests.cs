using Xunit;

namespace Curaway.Payments.Tests;

public sealed class OpaqueIdTests
{
    [Theory]
    [InlineData("clinic-india")]
    [InlineData("A_z-0")]
    [InlineData("019abcde-0000-7000-8000-000000000000")]
    public void An_id_is_kept_as_it_is(string text)
    {
        Assert.True(OpaqueId.TryParse(text, out var id));
        Assert.Equal(text, id.Value);
        Assert.Equal(text, id.ToString());
        Assert.Equal(OpaqueId.Parse(text), id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("jane@example.com")]
    [InlineData("Jane Doe")]
    [InlineData("a/b")]
    [InlineData("a.b")]
    [InlineData("a\n")]
    [InlineData("é")]
    [InlineData("a\0")]
    [InlineData("+911234567890")]
    public void Text_that_could_say_something_about_a_person_is_refused(string? text)
    {
        Assert.False(OpaqueId.TryParse(text, out var id));
        Assert.Equal("", id.Value);
        if (text is not null)
            Assert.Throws<FormatException>(() => OpaqueId.Parse(text));
    }

    [Fact]
    public void The_longest_id_has_64_characters()
    {
        Assert.True(OpaqueId.TryParse(new string('a', 64), out _));
        Assert.False(OpaqueId.TryParse(new string('a', 65), out _));
    }

    [Fact]
    public void Case_matters() => Assert.NotEqual(OpaqueId.Parse("a"), OpaqueId.Parse("A"));
}
