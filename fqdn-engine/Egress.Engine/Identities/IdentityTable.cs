namespace Egress.Engine.Identities;

/// <summary>Gives numbers to sets of labels and of selectors. To be filled in.</summary>
public sealed class IdentityTable
{
}
