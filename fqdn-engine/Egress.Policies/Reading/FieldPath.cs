using System.Globalization;

namespace Egress.Policies.Reading;

/// <summary>Builds the text that says where a value stands.</summary>
internal static class FieldPath
{
    /// <summary>A field of a mapping; keys that would not read well after a dot are put in brackets.</summary>
    public static string Field(string path, string key)
    {
        bool simple = key.Length is > 0 and <= 64;
        foreach (char c in key)
        {
            simple &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_';
        }

        return simple ? path.Length == 0 ? key : $"{path}.{key}" : $"{path}[{Quoted.Text(key)}]";
    }

    /// <summary>An item of a list.</summary>
    public static string Item(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");
}
