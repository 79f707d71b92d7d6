using System;

namespace Egress.Policies.Yaml;

/// <summary>What a scalar without quotes is. Follows the readers that Kubernetes' tools use, which are of YAML 1.1: there
/// <c>yes</c> and <c>on</c> are booleans, and a label value that looks like one is refused by the API server.</summary>
internal static class ScalarKinds
{
    /// <summary>Whether it is text.</summary>
    public static bool IsText(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => false,
        "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => false,
        "yes" or "Yes" or "YES" or "no" or "No" or "NO" or "on" or "On" or "ON" or "off" or "Off" or "OFF" => false,
        _ => !IsNumber(plain),
    };

    /// <summary>Whether it is an integer or a float of any notation.</summary>
    public static bool IsNumber(ReadOnlySpan<char> plain)
    {
        ReadOnlySpan<char> text = plain.Length > 0 && (plain[0] is '+' or '-') ? plain[1..] : plain;
        if (text.Length == 0)
        {
            return false;
        }

        if (text is ".inf" or ".Inf" or ".INF" or ".nan" or ".NaN" or ".NAN")
        {
            return true;
        }

        return (text.Length > 2 && text[0] == '0' && IsPrefixed(text)) || IsDecimal(text);
    }

    private static bool IsPrefixed(ReadOnlySpan<char> text) => text[1] switch
    {
        'x' => !text[2..].ContainsAnyExcept("0123456789abcdefABCDEF_"),
        'o' => !text[2..].ContainsAnyExcept("01234567_"),
        'b' => !text[2..].ContainsAnyExcept("01_"),
        _ => false,
    };

    private static bool IsDecimal(ReadOnlySpan<char> text)
    {
        bool digit = false;
        bool dot = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsAsciiDigit(c) || (c == '_' && digit))
            {
                digit = true;
            }
            else if (c == '.' && !dot)
            {
                dot = true;
            }
            else
            {
                return digit && (c is 'e' or 'E') && IsExponent(text[(i + 1)..]);
            }
        }

        return digit;
    }

    private static bool IsExponent(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> digits = text.Length > 0 && (text[0] is '+' or '-') ? text[1..] : text;
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange('0', '9');
    }
}
