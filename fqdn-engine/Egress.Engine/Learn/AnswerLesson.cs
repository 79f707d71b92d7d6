namespace Egress.Engine.Learn;

/// <summary>What <see cref="AnswerLearner.Read"/> made of an answer. The addresses themselves are asked of the learner.</summary>
/// <param name="Rejection">None where at least one address is taught; else why none is.</param>
/// <param name="Taught">Address records that teach.</param>
/// <param name="Forbidden">Records of the chain that held an address that is never opened.</param>
/// <param name="Private">Records of the chain that held a private address, where those are rejected.</param>
/// <param name="OffChain">Address records of the type asked whose owner is neither the name asked nor on its chain.</param>
/// <param name="Truncated">TC was set: there are more addresses than the answer holds.</param>
public readonly record struct AnswerLesson(
    AnswerRejection Rejection, int Taught, int Forbidden, int Private, int OffChain, bool Truncated);
